"""What client and agent say to each other, and what both know: the one room that anybody outside may import."""
