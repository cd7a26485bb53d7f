//go:build !unix

package main

import "context"

// compareOnPostgres knows no way here to start a server.
func (b *bench) compareOnPostgres(context.Context, *sample) error { return nil }
