"""What ccrouter tells of itself: logs, metrics, signs of life. Everything here is handed in; nothing is global."""
