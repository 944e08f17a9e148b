def publish_databases(client, blobs):
    pass
