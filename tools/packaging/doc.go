// Package packaging checks what this project ships beside its program: the
// Dockerfile and the examples under deploy. It is a module of its own, so that
// importers of our packages do not inherit what it needs.
package packaging
