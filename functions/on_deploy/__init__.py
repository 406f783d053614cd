"""What a deployment does to the database and the buckets."""
