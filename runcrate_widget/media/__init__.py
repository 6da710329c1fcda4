"""MP4s, their posters, and how a video shows itself."""
