package main

import (
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/screen"
)

// logOptions are the flags of the log.
type logOptions struct {
	format, level string
}

func logFlags(cmd *cobra.Command, o *logOptions) {
	cmd.Flags().StringVar(&o.format, "log", "auto", "the form of the log on standard error: text, json, or auto, which is text on a terminal and json elsewhere")
	cmd.Flags().StringVar(&o.level, "log-level", "info", "the least that is logged: debug, info (a line for each request), warn or error")
	completeWith(cmd, "log", "auto", "text", "json")
	completeWith(cmd, "log-level", "debug", "info", "warn", "error")
}

// newLog is the log as the flags have it.
func (o logOptions) newLog(w io.Writer) (*slog.Logger, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[o.level]
	if !ok {
		return nil, usagef("--log-level %.40q: accepted are debug, info, warn and error", o.level)
	}
	format := o.format
	if format == "auto" {
		format = "json"
		if screen.IsTerminal(w) {
			format = "text"
		}
	}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: inSeconds})), nil
	}
	return nil, usagef("--log %.40q: accepted are auto, text and json", o.format)
}

// inSeconds makes a duration a number of seconds, as Prometheus has them: nanoseconds,
// which slog writes, are taken for something else.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.Float64Value(a.Value.Duration().Round(time.Microsecond).Seconds())
	}
	return a
}
