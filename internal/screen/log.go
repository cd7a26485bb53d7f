package screen

import (
	"io"
	"log/slog"
)

// NewLog makes a log of lines from a level on, such as "info". Its format is "text", "json",
// or "auto", which is text for a terminal and JSON for anything else.
func NewLog(w io.Writer, format, level string) *slog.Logger {
	var lowest slog.Level
	_ = lowest.UnmarshalText([]byte(level)) // it is a level
	if format == "text" || format == "auto" && IsTerminal(w) {
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: lowest}))
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: lowest}))
}
