"""The durable record of every job, and where it is kept."""
