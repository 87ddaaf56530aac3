package escape

import (
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"time"
)

// Composed is text that is composed of escaped fields, and may have several lines: Sprintf
// and similar functions print it unchanged.
type Composed string

// Sprintf is fmt.Sprintf with each argument escaped for a line (Line). The format is text of
// the program and may contain line breaks.
func Sprintf(format string, args ...any) string { return fmt.Sprintf(format, fields(args)...) }

// Fprintf is Sprintf to a writer.
func Fprintf(w io.Writer, format string, args ...any) (int, error) {
	return fmt.Fprintf(w, format, fields(args)...)
}

// Fprintln is fmt.Fprintln with each argument escaped for a line.
func Fprintln(w io.Writer, args ...any) (int, error) { return fmt.Fprintln(w, fields(args)...) }

// fields escapes arguments for a line. %q and numbers work as usual: only text is
// replaced, by text.
func fields(args []any) []any {
	clean := make([]any, len(args))
	for i, arg := range args {
		clean[i] = field(arg)
	}
	return clean
}

func field(arg any) any {
	switch v := arg.(type) {
	case nil, Composed, time.Duration, time.Time:
		return arg
	case netip.Addr:
		if v.Zone() == "" {
			return arg // "::1" is not a command
		}
		return Line(v.String())
	case string:
		return Line(v)
	case error:
		return Line(v.Error())
	case fmt.Stringer:
		return Line(v.String())
	}
	switch value := reflect.ValueOf(arg); {
	case value.Kind() == reflect.String:
		return Line(value.String())
	case value.CanInt(), value.CanUint(), value.CanFloat(), value.Kind() == reflect.Bool:
		return arg
	}
	return Line(fmt.Sprint(arg))
}
