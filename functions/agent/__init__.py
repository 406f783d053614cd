"""What agents do all day."""
