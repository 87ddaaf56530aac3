//go:build lab

package e2e

import (
	"net"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/digihunch/kubectl-orthweb/internal/peers"
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
	"finally":           runFinally,
	"screen":            runScreen,
	"explained-by-mcp":  requireSameCauses,
	"silent":            silentServer,
}

// runFinally is `finally PROGRAM ARGS...`: it runs the program when the script ends, also if it
// fails, so that the lab is as it was for the next script.
func runFinally(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: finally PROGRAM ARGUMENTS...")
	}
	ts.Defer(func() {
		if err := ts.Exec(args[0], args[1:]...); err != nil {
			ts.Logf("finally %v: %v", args, err)
		}
	})
}

// runLab is `lab ARGS...`: it runs orthweb-lab for the lab of the tests. A fault that a script
// injects, and copies of tenants, end with it.
func runLab(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(lab.program, append(args, "--dir="+lab.dir)...)
	if args[0] == "load" {
		ts.Defer(func() {
			if err := ts.Exec(lab.program, "load", "--tenants=0", "--dir="+lab.dir); err != nil {
				ts.Logf("removing the copies: %v", err)
			}
		})
	}
	if len(args) > 1 && args[0] == "fault" {
		if args[1] == "inject" && !lab.faulty {
			ts.Defer(func() {
				if lab.faulty {
					lab.faulty = false
					if err := ts.Exec(lab.program, "fault", "clear", "--dir="+lab.dir); err != nil {
						ts.Logf("clearing the fault: %v", err)
					}
				}
			})
		}
		lab.faulty = args[1] == "inject"
	}
	if (err != nil) != neg {
		ts.Fatalf("orthweb-lab %v: %v", args, err)
	}
}

// freePorts is `ports NAME...`: it sets each variable to a loopback port that is free until the
// script ends.
func freePorts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: ports NAME...")
	}
	for _, name := range args {
		port, release, err := peers.FreePort()
		ts.Check(err)
		ts.Defer(release)
		ts.Setenv(name, strconv.Itoa(port))
	}
}

// silentServer is `silent NAME`: it sets the variable to the address of a server that accepts
// connections and never answers, until the script ends.
func silentServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: silent NAME")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
		}
	}()
	ts.Setenv(args[0], listener.Addr().String())
}
