"""What is seen of what runs: questions and answers, counts, health, and what is made of them."""
