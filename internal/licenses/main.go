// Command licenses prints the licenses of all modules that are linked into the program, for
// THIRD_PARTY_LICENSES. Every release contains that file, because most licenses require a copy
// with the binary. Run it in the repository: `make licenses`.
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
