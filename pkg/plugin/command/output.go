package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/kubectl/pkg/cmd/get"

	"github.com/digihunch/kubectl-orthweb/pkg/advice"
	"github.com/digihunch/kubectl-orthweb/pkg/escape"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
)

// Output are -o and related flags, with the meaning that they have in `kubectl get`.
type Output struct {
	Format    string
	noHeaders bool
	json      *genericclioptions.JSONYamlPrintFlags
	name      *genericclioptions.NamePrintFlags
	template  *genericclioptions.KubeTemplatePrintFlags
	columns   *get.CustomColumnsPrintFlags
}

func NewOutput() *Output {
	return &Output{
		json:     genericclioptions.NewJSONYamlPrintFlags(),
		name:     genericclioptions.NewNamePrintFlags(""),
		template: genericclioptions.NewKubeTemplatePrintFlags(),
		columns:  get.NewCustomColumnsPrintFlags(),
	}
}

const OutputFormats = "wide, json, yaml, name, jsonpath=…, jsonpath-file=…, go-template=…, go-template-file=…, custom-columns=…, custom-columns-file=…"

func (o *Output) AddTo(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&o.Format, "output", "o", "", "Output format, one of: "+OutputFormats)
	cmd.Flags().BoolVar(&o.noHeaders, "no-headers", false, "Don't print headers")
	o.template.AddFlags(cmd)
}

// Table reports whether the output is a table.
func (o *Output) Table() bool { return o.Format == "" || o.Format == "wide" }

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
	return nil, advice.Add(fmt.Errorf("unknown output format %q", o.Format), "Allowed formats: %s.", OutputFormats)
}

// Print prints an object in the format, or returns the error of creating it.
func (o *Output) Print(w io.Writer, object runtime.Object, err error) error {
	if err != nil {
		return err
	}
	printer, err := o.printer()
	if err != nil {
		return err
	}
	switch o.Format {
	case "json":
		return printEscaped(w, printer, object, escape.JSON)
	case "yaml":
		return printEscaped(w, printer, markYAML(object), escape.YAML)
	}
	return printer.PrintObj(object, forTemplates(w))
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
	if o.Table() {
		return nil
	}
	_, err := o.printer()
	return err
}

// Style is the style of tables on w: fitted and coloured on a terminal, complete and
// without colours otherwise. NO_COLOR (no-color.org) and TERM=dumb disable colours.
// CLICOLOR_FORCE (bixense.com/clicolors) treats w as a terminal of COLUMNS columns, for
// programs that draw one.
func (o *Output) Style(w io.Writer) render.Style {
	style := render.Style{Wide: o.Format == "wide", NoHeaders: o.noHeaders}
	colours := os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if force := os.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		style.Colour = colours
		style.Width, _ = strconv.Atoi(os.Getenv("COLUMNS"))
		return style
	}
	file, ok := TerminalOf(w)
	if !ok {
		return style
	}
	style.Colour = colours
	if width, _, err := term.GetSize(int(file.Fd())); err == nil {
		style.Width = width
	}
	return style
}

// Plural is "1 tenant", "2 tenants".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
