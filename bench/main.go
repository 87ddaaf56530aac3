// Command bench creates test files, and stores files over TLS as the product does.
// bench/run compares it with DCMTK's storescu.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/dicom"
	"github.com/digihunch/kubectl-orthweb/pkg/dicom/transfer"
	"github.com/digihunch/kubectl-orthweb/pkg/validate/files"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no command: use files, send or echo")
	}
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	n := flags.Int("n", 1000, "number of files to create, or of C-ECHOs to send")
	bytes := flags.Int("bytes", 8<<10, "size of each file")
	seed := flags.Int("seed", 1, "seed of the SOP Instance UIDs")
	concurrency := flags.Int("concurrency", 0, "number of associations; 0 for the product's default")
	address := flags.String("address", "127.0.0.1:11112", "address of the peer")
	ca := flags.String("ca", "", "CA certificate; without it, TLS is not used")
	progress := flags.Bool("progress", false, "show progress")
	_ = flags.Parse(args[1:])
	dial, err := dialler(*address, *ca)
	if err != nil {
		return err
	}
	switch args[0] {
	case "files":
		return makeFiles(flags.Arg(0), *n, *bytes, byte(*seed))
	case "echo":
		return echo(dial, *n)
	case "send":
		o := transfer.Options{Paths: flags.Args(), Dial: dial, Calling: "ORTHWEB", Called: "ORTHANC", Concurrency: *concurrency}
		if *progress {
			o.Progress = os.Stderr
		}
		return report(transfer.Files(context.Background(), o))
	}
	return fmt.Errorf("unknown command %q: use files, send or echo", args[0])
}

// dialler connects in the same way as pkg/validate.
func dialler(address, ca string) (func(context.Context) (net.Conn, error), error) {
	if ca == "" {
		return func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "tcp", address) }, nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "localhost", MinVersion: tls.VersionTLS12, DynamicRecordSizingDisabled: true}
	config.RootCAs.AppendCertsFromPEM(pem)
	return func(ctx context.Context) (net.Conn, error) {
		return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	}, nil
}

func report(r transfer.Result, err error) error {
	if err != nil {
		return err
	}
	c := files.Stored(r, nil, 5)
	fmt.Println(c.Outcome, c.Found)
	for _, line := range c.Details {
		fmt.Println(line)
	}
	if len(r.Failed)+len(r.Skipped)+len(r.Convertible)+len(r.Conflicting) > 0 {
		return fmt.Errorf("not all files were stored")
	}
	return nil
}

// echo measures the time to open an association, and the time of a C-ECHO over it.
func echo(dial func(context.Context) (net.Conn, error), n int) error {
	ctx := context.Background()
	var opened, echoed time.Duration
	for range n {
		began := time.Now()
		conn, err := dial(ctx)
		if err != nil {
			return err
		}
		a, err := dicom.Associate(ctx, conn, dicom.Options{Calling: "ORTHWEB", Called: "ORTHANC", Contexts: dicom.Propose()})
		if err != nil {
			return err
		}
		opened += time.Since(began)
		began = time.Now()
		if _, err := a.Echo(ctx); err != nil {
			return err
		}
		echoed += time.Since(began)
		if err := a.Release(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("connect, TLS and associate %s; C-ECHO %s\n", opened/time.Duration(n), echoed/time.Duration(n))
	return nil
}
