// Command licenses prints the licenses of all that is linked into the program,
// for THIRD_PARTY_LICENSES, which every release carries: most of them ask to be
// handed on with the binary. Run it in the repository: `make licenses`.
package main

import (
	"fmt"
	"os"
)

func main() {
	text, err := notices(".")
	if err == nil {
		_, err = os.Stdout.WriteString(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
