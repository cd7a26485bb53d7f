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
	cmd.Flags().StringVar(&o.format, "log", "auto", "the format of the log on standard error: text, json, or auto, which is text on a terminal and json elsewhere")
	cmd.Flags().StringVar(&o.level, "log-level", "info", "the lowest level that is logged: debug, info (a line for each request), warn or error")
	completeWith(cmd, "log", "auto", "text", "json")
	completeWith(cmd, "log-level", "debug", "info", "warn", "error")
}

// newLog makes the log that the flags ask for.
func (o logOptions) newLog(w io.Writer) (*slog.Logger, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[o.level]
	if !ok {
		return nil, usagef("--log-level %.40q must be debug, info, warn or error", o.level)
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
	return nil, usagef("--log %.40q must be auto, text or json", o.format)
}

// inSeconds writes a duration in seconds, as Prometheus does: readers would mistake the
// nanoseconds that slog writes.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.Float64Value(a.Value.Duration().Round(time.Microsecond).Seconds())
	}
	return a
}
