// Command callvault keeps a company's call records and serves them by date
// range over the HTTP API that clients of Gong's GET /v2/calls speak.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once. The first may come twice: some
	// supervisors signal a process and its group.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	limitMemory(os.DirFS("/"), os.LookupEnv)
	os.Exit(run(ctx, os.Args[1:], os.LookupEnv, os.Stdin, os.Stdout, os.Stderr))
}
