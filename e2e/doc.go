// Package e2e runs the command line against a real cluster: the project's lab,
// which it starts, and stops when done. `go test -tags lab ./e2e`; without the
// tag there is nothing to run, so that `go test ./...` needs no cluster.
package e2e
