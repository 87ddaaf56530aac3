package hosts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
)

// TestApply checks that the step under sudo makes the change on its standard input and reports
// it, or prints what to do.
func TestApply(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(path, []byte("127.0.0.1 localhost\n10.0.0.1 dicom.bhs.org\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(path string) (out, errOut string, err error) {
		streams, in, outBuffer, errBuffer := genericiooptions.NewTestIOStreams()
		in.WriteString(`{"block":"c","entries":[{"Tenant":"bhs","Addr":"192.0.2.1","Names":["web.bhs.org","dicom.bhs.org"]}]}`)
		cmd := New(&command.Call{Kube: genericclioptions.NewConfigFlags(true), Streams: streams, Name: command.UsualName})
		cmd.SetArgs([]string{"apply", "--hosts-file=" + path})
		err = cmd.ExecuteContext(t.Context())
		return outBuffer.String(), errBuffer.String(), err
	}
	out, errOut, err := run(path)
	if err != nil || !strings.HasPrefix(out, "  + 192.0.2.1  web.bhs.org\n") || !strings.Contains(out, "1 name added, 0 changed, 0 removed.") {
		t.Errorf("%v\n%s", err, out)
	}
	if !strings.Contains(errOut, "Conflict: dicom.bhs.org should be 192.0.2.1, but "+path+":2 has 10.0.0.1.") {
		t.Errorf("standard error is %q", errOut)
	}
	if has, err := os.ReadFile(path); err != nil || !strings.Contains(string(has), "192.0.2.1\tweb.bhs.org\n") {
		t.Errorf("%v\n%s", err, has)
	}
	_, _, err = run(path + ".none")
	if hint, _ := advice.Of(err); !strings.HasPrefix(hint, "Specify it with --hosts-file") {
		t.Errorf("%v: %s", err, hint)
	}
}
