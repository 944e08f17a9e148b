"""The client's end of the one connection: SSH, the agent's upload, the conversation."""
