// Package mcp serves commands of the program as tools of the Model Context Protocol
// (modelcontextprotocol.io): a client, usually a program with a language model, calls them over
// two streams. A tool has no implementation of its own. It runs a command, and returns what the
// command prints together with its versioned result, of one read of the cluster.
//
// Both come from a cluster whose text anyone may have written, and a model may follow
// instructions in it. So the text is marked as data, tools change nothing unless the user allowed
// it on the command line, and a change requires a second call that names the plan of the first.
package mcp

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"k8s.io/apimachinery/pkg/runtime"
)

// Invocation is one run of a command.
type Invocation struct {
	// Args are its arguments.
	Args []string
	// Out and Err get what it prints.
	Out, Err io.Writer
	// Result receives its versioned result. A later one replaces an earlier one.
	Result func(runtime.Object)
	// Plan receives what it will change, before it changes anything. An error prevents that.
	Plan func(runtime.Object) error
}

// Options are what the user chose on the command line.
type Options struct {
	// Run runs a command of the program, and returns its exit status.
	Run func(context.Context, Invocation) int
	// Snapshot prints and returns objects of the cluster, and returns an exit status as a command.
	Snapshot func(context.Context, Selection, Invocation) int
	// Recorded is set if a recording is read instead of a cluster.
	Recorded bool
	// Writes allows the tools that change the cluster.
	Writes bool
	// Roots are the directories that lint may read. Without one, there is no tool for it.
	Roots []string
	// ValidateFlags are added to each run of validate.
	ValidateFlags []string
	// Timeout limits each call.
	Timeout time.Duration
	// Build is the program's version.
	Build string
	// Log gets one line for each call.
	Log io.Writer
}

// The limits of a server.
const (
	// maxMessage is the size of a message of the client, in bytes.
	maxMessage = 1 << 20
	// maxRunning calls run at the same time, and maxWaiting wait for them.
	maxRunning, maxWaiting = 4, 64
)

// Server is the server of one client.
type Server struct {
	options Options
	server  *mcp.Server
	roots   []root
	plans   *plans
	// running has an element for each call that runs, waiting for each that runs or waits.
	running, waiting chan struct{}
	// writing has an element while a call changes the cluster.
	writing chan struct{}
	// ctx ends with the server.
	ctx context.Context
}

// New is a server with the tools that the options allow.
func New(o Options) (*Server, error) {
	s := &Server{
		options: o, plans: newPlans(time.Now),
		running: make(chan struct{}, maxRunning), waiting: make(chan struct{}, maxRunning+maxWaiting), writing: make(chan struct{}, 1),
		ctx: context.Background(),
	}
	for _, dir := range o.Roots {
		r, err := newRoot(dir)
		if err != nil {
			return nil, err
		}
		s.roots = append(s.roots, r)
	}
	s.server = mcp.NewServer(&mcp.Implementation{Name: "kubectl-orthweb", Title: "kubectl orthweb", Version: o.Build}, &mcp.ServerOptions{
		Instructions: s.instructions(),
		Capabilities: &mcp.ServerCapabilities{Tools: &mcp.ToolCapabilities{}}, // the tools do not change
	})
	s.addTools()
	return s, nil
}

// Serve serves one client, until it closes in, or until ctx ends. Calls that still run are
// cancelled.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	return s.serve(ctx, &mcp.IOTransport{Reader: io.NopCloser(in), Writer: nopCloser{out}, MaxLineLength: maxMessage})
}

func (s *Server) serve(ctx context.Context, transport mcp.Transport) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.ctx = ctx
	err := s.server.Run(ctx, transport)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// nopCloser is standard output, which the server does not close.
type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
