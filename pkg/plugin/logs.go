package plugin

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"sync"

	"k8s.io/klog/v2"

	"github.com/digihunch/kubectl-orthweb/pkg/escape"
)

// logOnce has klog write to what logTo sets alone, whatever the severity, each entry
// once.
var logOnce = sync.OnceFunc(func() {
	all := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(all)
	for name, value := range map[string]string{
		"logtostderr": "false", "alsologtostderr": "false", "stderrthreshold": "FATAL", "one_output": "true",
	} {
		if err := all.Set(name, value); err != nil {
			panic(fmt.Sprintf("klog has no flag %s: %v", name, err))
		}
	}
})

// logTo has client-go's log, and the warnings of API servers in it, pass standard
// error's stream.
func logTo(errs io.Writer) {
	logOnce()
	klog.SetOutput(entries{errs})
}

// entries takes log entries, each in one piece, and keeps what is in one from beginning
// a line. They are written from -v=1 on only: of a server that does not answer client-go
// tells in many lines what the program's own error says in one.
type entries struct{ w io.Writer }

func (e entries) Write(p []byte) (int, error) {
	if !klog.V(1).Enabled() {
		return len(p), nil
	}
	text := escape.Lines(strings.TrimSuffix(string(p), "\n"), "  ")
	if _, err := io.WriteString(e.w, text+"\n"); err != nil {
		return 0, err
	}
	return len(p), nil
}
