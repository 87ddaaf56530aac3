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

// logOnce makes klog write all severities only to the writer that logTo sets, each
// entry once.
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

// logTo writes client-go's log, with the warnings of API servers, to standard error's
// stream.
func logTo(errs io.Writer) {
	logOnce()
	klog.SetOutput(entries{errs})
}

// entries writes log entries, each in one piece, and escapes them so that their content can't
// start a line. It writes them only from -v=1 on: for a server that does not answer,
// client-go logs in many lines what the program's own error has in one.
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
