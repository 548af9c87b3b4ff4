"""The world's formats: venue symbols, candles and payloads, on their way to becoming commands."""
