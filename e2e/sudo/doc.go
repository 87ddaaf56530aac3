// Package sudo runs the program as a user without rights, through the sudo that the
// system has: `go test -tags peers ./e2e/sudo`. It takes root, who adds a rule for the
// time of the test; without the tag there is nothing to run.
package sudo
