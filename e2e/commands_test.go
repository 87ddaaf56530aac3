//go:build lab

package e2e

import (
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/digihunch/kubectl-orthweb/internal/script"
)

// commands are what the scripts can do besides running programs.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"lab":   runLab,
	"until": script.Until,
	"exits": script.Exits,
}

// runLab is `lab ARGS...`: the lab's own program, for the lab of the tests.
func runLab(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(lab.program, append(args, "--dir="+lab.dir)...)
	if (err != nil) != neg {
		ts.Fatalf("orthweb-lab %v: %v", args, err)
	}
}
