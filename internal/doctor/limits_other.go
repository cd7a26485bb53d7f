//go:build !unix

package doctor

// Limits knows nothing here.
func Limits() []Finding { return nil }
