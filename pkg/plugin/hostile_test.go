package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
	"sigs.k8s.io/yaml"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/internal/reliability"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/command"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/completion"
	"github.com/digihunch/kubectl-orthweb/pkg/plugin/hosts"
	"github.com/digihunch/kubectl-orthweb/pkg/snapshot/recording"
)

// lineMark is text that no line may begin with: in each payload it follows a line break.
// commandMark is text at the beginning of a line that GitHub runs as a command.
const (
	lineMark    = "INJECTED"
	commandMark = "::error::" + lineMark
)

// payloads are texts that other users may write into any field: those that broke the program,
// and more of these kinds.
var payloads = map[string]string{
	"a colour and the title":      "\x1b[31mred\x1b[0m\x1b]0;title\x07",
	"C1 controls":                 "\u009b31m\u009d0;title\u009c\u0090",
	"backspaces, CR and DEL":      "\b\b\b\rover\x7f",
	"bidirectional controls":      "\u202eabc\u202c\u2066d\u2069\u200e\u200f\u061c",
	"characters without a width":  "\u200b\u200d\u2060\ufeff\u00ad\U000e0041\U000e0001\ufe0f\U000e0101",
	"a line of its own":           "\n" + lineMark + "\n" + commandMark + "\n",
	"a line's end as Windows has": "\r\n" + lineMark + "\r\n" + commandMark,
	"separators of Unicode":       "\u2028" + commandMark + "\u2029" + lineMark + "\u0085" + lineMark + "\v" + lineMark + "\f" + lineMark,
	"commands of CI systems":      " " + commandMark + " ##[error]x ##vso[task.setvariable variable=a]b",
	"markdown and HTML":           "\n# h\n`|<script>alert(1)</script>[a](http://x)|`\n" + lineMark,
	"a shell's expansions":        "'; touch injected; $(touch injected) `touch injected` \"\n touch injected #",
}

// structural are the fields whose values the program compares: a payload in them changes the
// type of the object, so each has its own test.
var structural = regexp.MustCompile(`(^|\.)(apiVersion|kind|type|phase|reason|status|namespace|name|group|uid|controller|protocol|lastTransitionTime|creationTimestamp|.*Time|time|lastTimestamp|firstTimestamp)$|^metadata\.(labels|ownerReferences)|resourceVersion`)

// recordedObjects are all objects of a recorded cluster that is built into the program.
func recordedObjects(t testing.TB, name string) []map[string]any {
	t.Helper()
	snap, err := recording.Read(context.Background(), recording.Source{From: []string{recording.ExamplePrefix + name}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var objects []map[string]any
	for _, request := range snap.Requests() {
		for _, obj := range snap.List(request.GroupKind(), request.Namespace).Objects {
			if !counts(obj) {
				continue
			}
			objects = append(objects, obj.DeepCopy().Object)
		}
	}
	return objects
}

// counts reports whether an object belongs to the tenant bhs, or to its dependencies: a tenth
// of the objects has all kinds and is read ten times as fast.
func counts(obj *unstructured.Unstructured) bool {
	kind, _, _ := unstructured.NestedString(obj.Object, "type")
	other := strings.Contains(obj.GetNamespace()+obj.GetName(), "mhr") || slices.Contains([]string{"ServiceAccount", "EndpointSlice", "ReplicaSet", "ConfigMap", "APIService"}, obj.GetKind())
	own := slices.Contains([]string{"", "bhs-orthweb", "flux-system"}, obj.GetNamespace())
	return own && !other && (obj.GetKind() != "Event" || kind == "Warning") && (obj.GetKind() != "Pod" || obj.GetNamespace() == "bhs-orthweb")
}

// edit replaces the strings of a value. The path consists of fields only: all items of a list
// have the same path.
func edit(value any, path string, replace func(path, text string) string) any {
	switch v := value.(type) {
	case string:
		return replace(path, v)
	case []any:
		for i := range v {
			v[i] = edit(v[i], path, replace)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			v[key] = edit(v[key], strings.TrimPrefix(path+"."+key, "."), replace)
		}
	}
	return value
}

// editKeys adds a copy of each entry of labels, annotations and data under a key with
// the payload.
func editKeys(value any, payload string) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			editKeys(item, payload)
		}
	case map[string]any:
		for key, item := range v {
			inside, ok := item.(map[string]any)
			if ok && slices.Contains([]string{"labels", "annotations", "data", "matchLabels", "selector", "nodeSelector"}, key) {
				for _, name := range slices.Sorted(maps.Keys(inside)) {
					inside[name+payload] = inside[name]
				}
			}
			editKeys(item, payload)
		}
	}
}

// clone copies objects through JSON.
func clone(t testing.TB, objects []map[string]any) []map[string]any {
	t.Helper()
	copies := make([]map[string]any, len(objects))
	for i, obj := range objects {
		copies[i] = (&unstructured.Unstructured{Object: obj}).DeepCopy().Object
	}
	return copies
}

// document formats objects as kubectl does.
func document(t testing.TB, objects []map[string]any) []byte {
	t.Helper()
	content, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// hostileClusters are three clusters with a payload: in all fields that the program does not
// compare, in all names, and in all keys of maps.
func hostileClusters(t testing.TB, objects []map[string]any, payload string) map[string][]byte {
	texts, names, keys := clone(t, objects), clone(t, objects), clone(t, objects)
	for i := range objects {
		edit(texts[i], "", func(path, text string) string {
			if structural.MatchString(path) {
				return text
			}
			return text + payload
		})
		edit(names[i], "", func(path, text string) string {
			if strings.HasSuffix(path, "apiVersion") || strings.HasSuffix(path, "kind") || strings.HasSuffix(path, "type") {
				return text
			}
			return strings.NewReplacer("bhs", "bhs"+payload, "orthanc", "orthanc"+payload, "main@", "main"+payload+"@").Replace(text)
		})
		editKeys(keys[i], payload)
	}
	return map[string][]byte{"texts": document(t, texts), "names": document(t, names), "keys": document(t, keys)}
}

// hostileFields are clusters with a text in one field each, of all objects that have it: one
// for each field whose value the program compares.
func hostileFields(t testing.TB, objects []map[string]any, payload string) [][]byte {
	t.Helper()
	places := map[string]bool{}
	for _, obj := range clone(t, objects) {
		edit(obj, "", func(path, text string) string {
			if structural.MatchString(path) {
				places[path] = true
			}
			return text
		})
	}
	var found [][]byte
	for at := range places {
		edited := clone(t, objects)
		for _, obj := range edited {
			edit(obj, "", func(path, text string) string {
				if path == at {
					return text + payload
				}
				return text
			})
		}
		found = append(found, document(t, edited))
	}
	return found
}

// ran is the output of a command.
type ran struct {
	out, errs string
	code      int
}

func runWith(stdin []byte, args ...string) ran {
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	errs := errorOutput{}
	if args0(args) == "exporter" { // it never ends by itself
		errs.cancel = cancel
	}
	if slices.Contains(args, "-v=8") {
		defer func() { // klog's level is global to the process
			level := flag.NewFlagSet("", flag.PanicOnError)
			klog.InitFlags(level)
			_ = level.Set("v", "0")
		}()
	}
	code := Run(ctx, append([]string{"kubectl-orthweb"}, args...),
		genericiooptions.IOStreams{In: bytes.NewReader(stdin), Out: &out, ErrOut: &errs})
	return ran{out.String(), errs.text.String(), code}
}

// errorOutput is the standard error of a command. If it has cancel, the first error ends the
// command.
type errorOutput struct {
	text   bytes.Buffer
	cancel func()
}

func (e *errorOutput) Write(text []byte) (int, error) {
	if e.cancel != nil && bytes.HasPrefix(text, []byte("error: ")) {
		e.cancel()
	}
	return e.text.Write(text)
}

// form is a way to call a command that reads a recorded cluster. formsOf finds them in the tree
// of commands and in the help of -o, so that none can be forgotten.
type form struct {
	args   []string
	format string
}

// formatValues are for formats that take a value.
var formatValues = map[string]string{
	"jsonpath=":       "jsonpath={range .items[*]}{.metadata.name}{\"\\n\"}{end}{.metadata.name}{.items[*].message}{.checks[*].message}",
	"go-template=":    "go-template={{range .items}}{{.metadata.name}} {{.status}}{{\"\\n\"}}{{end}}{{range .checks}}{{.message}}{{\"\\n\"}}{{end}}",
	"custom-columns=": "custom-columns=NAME:.metadata.name,STATUS:.status",
}

func formsOf(t testing.TB) []form {
	t.Helper()
	var forms []form
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
		// --from of 'tenant create' is no recording. 'tenant compare' requires names. TestMCPMarksHostileText
		// tests mcp, whose standard input has the client's messages.
		if cmd.Name() == "mcp" || !cmd.Runnable() || cmd.Flags().Lookup("assume-complete") == nil || cmd.Args != nil && cmd.Args(cmd, nil) != nil {
			return
		}
		words := strings.Fields(cmd.CommandPath())
		args := append(words[slices.Index(words, "orthweb")+1:], "--from=-", "--assume-complete")
		if cmd.Flags().Lookup("block") != nil {
			args = append(args, "--block=b", "--ip=192.0.2.9", "--allow-domain=orthweb.com") // no kubeconfig names a block
		}
		if cmd.Name() == "events" {
			args = append(args, "--namespace=bhs-orthweb") // of one tenant, whatever its name
		}
		if cmd.Name() == "ui" {
			args = append(args, "--linear") // pkg/ui tests its screens
		}
		output := cmd.Flags().Lookup("output")
		if output == nil {
			forms = append(forms, form{args: args})
			return
		}
		match := completion.Listed.FindStringSubmatch(output.Usage)
		if match == nil {
			t.Fatalf("%s: -o names no formats", cmd.CommandPath())
		}
		formats, _ := completion.ValueWords(match[1])
		for _, format := range append([]string{""}, formats...) {
			if strings.HasSuffix(format, "-file=") {
				continue // the same printer, with its template from a file
			}
			call := form{args: args, format: format}
			value := format
			if strings.HasSuffix(format, "=") {
				if value = formatValues[format]; value == "" {
					t.Fatalf("no value for -o %s", format)
				}
			}
			if format != "" {
				call.args = append(slices.Clone(args), "-o", value)
			}
			forms = append(forms, call)
			if cmd.Flags().Lookup("all") != nil && call.forPeople() {
				forms = append(forms, form{append(slices.Clone(call.args), "--all"), format})
			}
			if cmd.Name() == "verify" {
				forms = forms[:len(forms)-1]
			}
		}
	}
	visit(NewRoot(genericiooptions.NewTestIOStreamsDiscard()))
	return forms
}

// forPeople reports whether the program lays out every line of the format.
func (f form) forPeople() bool {
	return slices.Contains([]string{"", "wide", "tree", "table", "markdown", "hosts", "html", "mermaid", "dot"}, f.format)
}

// template reports whether a script gets the output of the format byte by byte.
func (f form) template() bool { return !f.forPeople() && f.format != "json" && f.format != "yaml" }

// control returns the first character of a text that a terminal interprets, or that is
// invisible.
func control(text string) string {
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\n' || r == '\t':
		case r == utf8.RuneError && size == 1:
			return fmt.Sprintf("the byte %#x at %d", text[i], i)
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector):
			return fmt.Sprintf("%U at %d", r, i)
		}
	}
	return ""
}

// injectedLine returns a line that a field began, or that a CI system executes.
func injectedLine(text string) string {
	for line := range strings.Lines(text) {
		trimmed := strings.TrimLeft(line, " \t")
		if strings.HasPrefix(line, lineMark) || strings.HasPrefix(trimmed, "::") && !strings.HasPrefix(trimmed, "::1") || strings.Contains(line, "##[") || strings.Contains(line, "##vso[") {
			return line
		}
	}
	return ""
}

// unquoted returns a command to copy in which a shell would see words of the payload, or "" if
// there is none. Commands are separate lines, or follow a colon.
func unquoted(text string) string {
	for line := range strings.Lines(text) {
		_, command, found := strings.Cut(line, "kubectl")
		if tool := regexp.MustCompile(`^ {8,}(flux|helm|curl|git|openssl|cmctl|istioctl|dig) `); !found && tool.MatchString(line) {
			command, found = line, true
		}
		if found && strings.HasPrefix(strings.TrimSpace(line), "kubectl") || strings.Contains(line, "Why: kubectl") || found && command == line {
			rest := regexp.MustCompile(`'[^']*'|\\'`).ReplaceAllString(command, "")
			if strings.Contains(rest, "touch") || strings.Contains(rest, "injected") {
				return line
			}
		}
	}
	return ""
}

// broken returns what is wrong with the output of a command, or "".
func (f form) broken(r ran) string {
	if r.code > int(command.Unclear) || slices.Contains(f.args, "--from=-") && r.code == int(command.Unclear) && (r.out == "" || f.format == "json" || f.format == "yaml") && !strings.Contains(r.errs, "no tenant") {
		return fmt.Sprintf("exit status %d: %s", r.code, r.errs)
	}
	if found := control(r.errs); found != "" {
		return "standard error has " + found + ": " + r.errs
	}
	if line := injectedLine(r.errs); line != "" {
		return "standard error has the line " + line
	}
	if line := unquoted(r.errs + r.out); f.format != "json" && f.format != "yaml" && line != "" {
		return "a shell would run what is in " + line
	}
	if f.template() {
		return "" // a script's; what a terminal gets is TestTemplatesOnTerminal's
	}
	if found := control(r.out); found != "" {
		return "standard output has " + found
	}
	switch {
	case f.forPeople():
		if line := injectedLine(r.out); line != "" {
			return "standard output has the line " + line
		}
	case f.format == "json" && r.out != "":
		if !json.Valid([]byte(r.out)) {
			return "this is no JSON: " + r.out
		}
	case f.format == "yaml":
		var value any
		if err := yaml.Unmarshal([]byte(r.out), &value); err != nil {
			return err.Error()
		}
	}
	return ""
}

// TestHostileText sends each payload through each command and format, from each possible
// source.
func TestHostileText(t *testing.T) {
	api, _ := fakeapi.ExampleServer(t, "healthy", fakeapi.KeepAll)
	kubeconfig := "--kubeconfig=" + api.Kubeconfig()
	objects := recordedObjects(t, "failing")
	forms := formsOf(t)
	where := map[string]*reliability.Row{}
	try := func(tried, promise, payload string, f form, r ran) {
		row := where[tried]
		if row == nil {
			row = &reliability.Row{Tried: tried, Promise: promise}
			where[tried] = row
		}
		row.Times++
		if why := f.broken(r); why != "" {
			t.Errorf("%s, %s, %q: %s", tried, payload, f.args, why)
			return
		}
		row.Held++
	}
	const shown = "no control character is written, and no text begins a line"
	for _, name := range slices.Sorted(maps.Keys(payloads)) {
		payload := payloads[name]
		t.Setenv(hosts.FileVariable, hostileHosts(t, payload))
		clusters := hostileClusters(t, objects, payload)
		for _, cluster := range slices.Sorted(maps.Keys(clusters)) {
			for _, f := range forms {
				try("a payload in all "+cluster+" of a cluster, in each command and format that reads a recording", shown, name, f, runWith(clusters[cluster], f.args...))
			}
		}
		for _, call := range []struct {
			tried string
			calls [][]string
		}{
			{"a payload in each answer of an API server and in its warnings, in each command, with and without -v=8", liveCalls(t, payload)},
			{"a payload in names and contents of files, archives and certificates", fileCalls(t, payload)},
			{"a payload in arguments and flags", argumentCalls(payload)},
			{"a payload in the hosts file", [][]string{
				{"hosts", "diff", kubeconfig, "--ip=192.0.2.9"}, {"hosts", "sync", "--dry-run", kubeconfig, "--ip=192.0.2.9"},
				{"hosts", "remove", "--dry-run", kubeconfig}, {"hosts", "diff", kubeconfig, "--ip=192.0.2.9", "--block=" + payload},
			}},
		} {
			for _, args := range call.calls {
				try(call.tried, shown, name, form{args: args, format: formatOf(args)}, runWith(nil, args...))
			}
		}
	}
	all := strings.Join(slices.Sorted(maps.Values(payloads)), "")
	for _, content := range hostileFields(t, objects, all) {
		for _, args := range [][]string{{"status", "--all", "-o", "wide"}, {"explain", "-o", "wide"}} {
			f := form{append(args, "--from=-", "--assume-complete"), "wide"}
			try("all payloads in one field, for each field whose words the program compares", shown, "all", f, runWith(content, f.args...))
		}
	}
	var rows []reliability.Row
	for _, tried := range slices.Sorted(maps.Keys(where)) {
		rows = append(rows, *where[tried])
	}
	reliability.Report(t, "text", rows)
}

// hostileHosts is a hosts file with a text in a comment and after an entry.
func hostileHosts(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hosts")
	oneLine := strings.NewReplacer("\n", "", lineMark, "").Replace(text) // the lines are those of the file
	content := "127.0.0.1 localhost # " + oneLine + "\n# " + oneLine + "\n192.0.2.1 web.bhs.orthweb.com # " + oneLine + "\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
