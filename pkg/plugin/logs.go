package plugin

import (
	"flag"
	"os"
	"sync"

	"k8s.io/klog/v2"
)

// logsWritten lets the first root set up the log, which all have in common.
var logsWritten sync.Once

// writeLogs has client-go's log written from -v=1 on only: of a server that does not
// answer it tells in many lines what the program's own error says in one.
func writeLogs(flags *flag.FlagSet) {
	for name, value := range map[string]string{
		// What goes to standard error by itself does not pass the writer.
		"logtostderr": "false", "alsologtostderr": "false", "stderrthreshold": "FATAL", "one_output": "true",
	} {
		_ = flags.Set(name, value) // flags and values that klog has
	}
	klog.SetOutput(verboseLog{})
}

// verboseLog writes to standard error where the user has asked for a log.
type verboseLog struct{}

func (verboseLog) Write(line []byte) (int, error) {
	if !klog.V(1).Enabled() {
		return len(line), nil
	}
	return os.Stderr.Write(line)
}
