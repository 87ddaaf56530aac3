package command

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/cmd/get"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
)

// Output is -o with its related flags. A command has the formats of `kubectl get` (NewOutput)
// or its own (NewFormats); only this file has all of them.
type Output struct {
	Format    string
	formats   []string // all of them, nil for those of kubectl get
	extra     []string // formats besides those of kubectl get
	nameless  bool     // without -o name
	noHeaders bool
	json      *genericclioptions.JSONYamlPrintFlags
	name      *genericclioptions.NamePrintFlags
	template  *genericclioptions.KubeTemplatePrintFlags
	columns   *get.CustomColumnsPrintFlags
}

// The formats that commands have besides those of kubectl.
const (
	Table    = "table"
	Tree     = "tree"
	Wide     = "wide"
	JSON     = "json"
	YAML     = "yaml"
	Markdown = "markdown"
	JUnit    = "junit"
	Hosts    = "hosts"
)

// NewOutput has the formats of `kubectl get`, with their meaning there, and some more.
func NewOutput(extra ...string) *Output {
	return &Output{
		extra:    extra,
		json:     genericclioptions.NewJSONYamlPrintFlags(),
		name:     genericclioptions.NewNamePrintFlags(""),
		template: genericclioptions.NewKubeTemplatePrintFlags(),
		columns:  get.NewCustomColumnsPrintFlags(),
	}
}

// WithoutName removes -o name, for a command whose items have no names.
func (o *Output) WithoutName() *Output {
	o.nameless = true
	return o
}

// NewFormats has these formats only. The first is the default, which has no name if it is
// empty.
func NewFormats(formats ...string) *Output {
	o := NewOutput()
	o.Format, o.formats = formats[0], formats
	return o
}

const kubectlFormats = "wide, json, yaml, name, jsonpath=…, jsonpath-file=…, go-template=…, go-template-file=…, custom-columns=…, custom-columns-file=…"

// AddTo adds the flags to a command.
func (o *Output) AddTo(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.Format, "output", "o", o.Format, "Output format, one of: "+o.allowed())
	if o.formats == nil {
		cmd.Flags().BoolVar(&o.noHeaders, "no-headers", false, "Don't print headers")
		o.template.AddFlags(cmd)
	}
}

// allowed lists the formats.
func (o *Output) allowed() string {
	if o.formats == nil {
		formats := kubectlFormats
		if o.nameless {
			formats = strings.Replace(formats, "name, ", "", 1)
		}
		return strings.Join(append(slices.Clone(o.extra), formats), ", ")
	}
	return strings.TrimPrefix(strings.Join(o.formats, ", "), ", ")
}

// unknown is the error of a format that the command does not have.
func (o *Output) unknown() error {
	return advice.Add(fmt.Errorf("unknown output format %q", o.Format), "Allowed formats: %s.", o.allowed())
}

// Table reports whether the output is a table.
func (o *Output) Table() bool { return o.Format == "" || o.Format == Wide }

// printer is kubectl's own for the format. It rejects an unknown format, or one whose
// template does not parse.
func (o *Output) printer() (printers.ResourcePrinter, error) {
	o.columns.NoHeaders = o.noHeaders
	var err error
	for _, make := range []func(string) (printers.ResourcePrinter, error){
		o.json.ToPrinter, o.name.ToPrinter, o.template.ToPrinter, o.columns.ToPrinter,
	} {
		var printer printers.ResourcePrinter
		printer, err = make(o.Format)
		if err == nil {
			return printer, nil
		}
		if !genericclioptions.IsNoCompatiblePrinterError(err) {
			return nil, err
		}
	}
	return nil, o.unknown()
}

// Print prints an object in the format, or returns the error of creating it.
func (o *Output) Print(w io.Writer, object runtime.Object, err error) error {
	if err != nil {
		return err
	}
	show, err := o.Series(w)
	if err != nil {
		return err
	}
	return show(object)
}

// Series returns a function that prints objects one after another, as kubectl get --watch does:
// headings are printed once, and YAML documents are separated.
func (o *Output) Series(w io.Writer) (func(object runtime.Object) error, error) {
	printer, err := o.printer()
	if err != nil {
		return nil, err
	}
	switch o.Format {
	case JSON:
		return func(object runtime.Object) error { return printEscaped(w, printer, object, escape.JSON) }, nil
	case YAML:
		return func(object runtime.Object) error { return printEscaped(w, printer, markYAML(object), escape.YAML) }, nil
	}
	return func(object runtime.Object) error { return printer.PrintObj(object, forTemplates(w)) }, nil
}

// printEscaped prints a format that has its own escape sequences for control characters.
func printEscaped(w io.Writer, printer printers.ResourcePrinter, object runtime.Object, escaped func([]byte) []byte) error {
	var text bytes.Buffer
	if err := printer.PrintObj(object, &text); err != nil {
		return err
	}
	_, err := w.Write(escaped(text.Bytes()))
	return err
}

// markYAML marks the text that the emitter must escape, in a copy.
func markYAML(object runtime.Object) runtime.Object {
	switch o := object.(type) {
	case *unstructured.Unstructured:
		return &unstructured.Unstructured{Object: escape.YAMLValue(o.Object).(map[string]any)}
	case *unstructured.UnstructuredList:
		marked := &unstructured.UnstructuredList{Object: escape.YAMLValue(o.Object).(map[string]any)}
		for _, item := range o.Items {
			marked.Items = append(marked.Items, unstructured.Unstructured{Object: escape.YAMLValue(item.Object).(map[string]any)})
		}
		return marked
	}
	return object
}

// forTemplates is the writer of formats that scripts read byte by byte (name, jsonpath,
// go-template and custom-columns): a terminal gets them with control characters shown.
func forTemplates(w io.Writer) io.Writer {
	s, ok := w.(*Stream)
	if _, terminal := TerminalOf(w); !ok || terminal {
		return w
	}
	return s.Raw()
}

// Exact is the writer of output that programs read byte by byte: a terminal gets it with control
// characters shown.
func Exact(w io.Writer) io.Writer { return forTemplates(w) }

// Validate rejects a wrong format before anything is read. As in kubectl, --template
// alone implies -o go-template.
func (o *Output) Validate() error {
	if template := o.template.TemplateArgument; template != nil && *template != "" {
		switch {
		case o.Format == "":
			o.Format = "go-template"
		case !slices.Contains(o.template.AllowedFormats(), o.Format):
			return advice.Add(fmt.Errorf("--template has no effect with -o %s", o.Format), "Remove one of them, or use -o go-template.")
		}
	}
	if o.formats != nil {
		if !slices.Contains(o.formats, o.Format) {
			return o.unknown()
		}
		return nil
	}
	if o.Table() || slices.Contains(o.extra, o.Format) {
		return nil
	}
	if o.nameless && o.Format == "name" {
		return o.unknown()
	}
	_, err := o.printer()
	return err
}

// Style is the style of tables on w.
func (o *Output) Style(w io.Writer) term.Style {
	file, _ := TerminalOf(w)
	style := term.StyleFor(file)
	if screen, ok := ScreenOf(w); ok {
		style = screen.Style()
	}
	style.Wide, style.NoHeaders = o.Format == Wide, o.noHeaders
	return style
}

// Columns is the width of the terminal behind w on which a line can be redrawn, 0 if there is
// none.
func Columns(w io.Writer) int {
	file, ok := TerminalOf(w)
	if !ok {
		return 0
	}
	return term.Columns(file)
}
