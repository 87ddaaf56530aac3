package object

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Text is the string at the path.
func Text(obj map[string]any, path ...string) string {
	return at[string](obj, path)
}

// Int is the whole number at the path.
func Int(obj map[string]any, path ...string) int64 {
	return at[int64](obj, path)
}

// IntOr is the whole number at the path, or the default of the API.
func IntOr(fallback int64, obj map[string]any, path ...string) int64 {
	value, found, err := unstructured.NestedFieldNoCopy(obj, path...)
	n, ok := value.(int64)
	if err != nil || !found || !ok {
		return fallback
	}
	return n
}

// Bool is the boolean at the path.
func Bool(obj map[string]any, path ...string) bool {
	return at[bool](obj, path)
}

// Time is the RFC 3339 time at the path, as metav1.Time and MicroTime are written; zero if
// there is none.
func Time(obj map[string]any, path ...string) time.Time {
	t, err := time.Parse(time.RFC3339, Text(obj, path...))
	if err != nil {
		return time.Time{}
	}
	return t
}

// FirstTime is the first time that exists at the paths, or otherwise the creation time
// of the object: the two event APIs set different fields.
func FirstTime(obj map[string]any, paths ...[]string) time.Time {
	for _, path := range paths {
		if t := Time(obj, path...); !t.IsZero() {
			return t
		}
	}
	return Time(obj, "metadata", "creationTimestamp")
}

// Duration is the Go duration ("9m30s") at the path, as metav1.Duration is written; zero if
// there is none.
func Duration(obj map[string]any, path ...string) time.Duration {
	d, err := time.ParseDuration(Text(obj, path...))
	if err != nil {
		return 0
	}
	return d
}

// Map is the object at the path, nil if there is none.
func Map(obj map[string]any, path ...string) map[string]any {
	return at[map[string]any](obj, path)
}

// List returns the entries of the list at the path that are objects.
func List(obj map[string]any, path ...string) []map[string]any {
	return only[map[string]any](at[[]any](obj, path))
}

// Texts returns the entries of the list at the path that are strings.
func Texts(obj map[string]any, path ...string) []string {
	return only[string](at[[]any](obj, path))
}

func at[T any](obj map[string]any, path []string) T {
	value, _, err := unstructured.NestedFieldNoCopy(obj, path...)
	typed, ok := value.(T)
	if err != nil || !ok {
		var zero T
		return zero
	}
	return typed
}

func only[T any](list []any) []T {
	out := make([]T, 0, len(list))
	for _, entry := range list {
		if typed, ok := entry.(T); ok {
			out = append(out, typed)
		}
	}
	return out
}
