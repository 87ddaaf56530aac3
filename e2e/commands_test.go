//go:build lab

package e2e

import (
	"net"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/digihunch/kubectl-orthweb/internal/script"
)

// commands are the commands that the scripts add to those of testscript.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"lab":               runLab,
	"ports":             freePorts,
	"record":            recordObjects,
	"changed-as-listed": requireListed,
	"until":             script.Until,
	"exits":             script.Exits,
	"screen":            runScreen,
}

// runLab is `lab ARGS...`: it runs orthweb-lab for the lab of the tests.
func runLab(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(lab.program, append(args, "--dir="+lab.dir)...)
	if (err != nil) != neg {
		ts.Fatalf("orthweb-lab %v: %v", args, err)
	}
}

// freePorts is `ports NAME...`: it sets each variable to a free loopback port. Another
// program could use the port before the script does; none of these tests do.
func freePorts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: ports NAME...")
	}
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		defer func() { _ = l.Close() }()
		ts.Setenv(name, strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	}
}
