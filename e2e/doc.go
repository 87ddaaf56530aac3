// Package e2e runs the command line against a real cluster: the project's lab,
// which it starts, and stops when done. `go test -tags lab ./e2e`; without the
// tag, only what needs no cluster is tested: how the scripts compare changes.
package e2e
