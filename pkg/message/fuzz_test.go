package message

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/digihunch/kubectl-orthweb/internal/parsecheck"
	"github.com/digihunch/kubectl-orthweb/pkg/message/match"
)

func fuzz(f *testing.F, which string) {
	for _, each := range parsers {
		if each.name != which {
			continue
		}
		for _, seed := range each.seeds {
			if _, ok := each.parse(seed); !ok {
				f.Errorf("not read: %s", seed)
			}
			f.Add(seed)
		}
		f.Fuzz(func(t *testing.T, message string) {
			read, ok := each.parse(message)
			if ok {
				parsecheck.Bounded(t, message, reflect.ValueOf(read))
			}
		})
		return
	}
	f.Fatal(which)
}

func FuzzHealthCheck(f *testing.F) { fuzz(f, "HealthCheck") }

func FuzzDependency(f *testing.F) { fuzz(f, "Dependency") }

func FuzzAPIError(f *testing.F) { fuzz(f, "APIError") }

func FuzzBuild(f *testing.F) { fuzz(f, "Build") }

func FuzzHelm(f *testing.F) { fuzz(f, "Helm") }

func FuzzHelmValueErrors(f *testing.F) { fuzz(f, "HelmValueErrors") }

func FuzzSource(f *testing.F) { fuzz(f, "Source") }

func FuzzScheduling(f *testing.F) { fuzz(f, "Scheduling") }

func FuzzContainer(f *testing.F) { fuzz(f, "Container") }

func FuzzProvisioning(f *testing.F) { fuzz(f, "Provisioning") }

func FuzzNamespaceContent(f *testing.F) { fuzz(f, "NamespaceContent") }

func FuzzACME(f *testing.F) { fuzz(f, "ACME") }

func FuzzFetch(f *testing.F) { fuzz(f, "Fetch") }

func FuzzPull(f *testing.F) { fuzz(f, "Pull") }

func FuzzResize(f *testing.F) { fuzz(f, "Resize") }

func FuzzChartRepository(f *testing.F) { fuzz(f, "ChartRepository") }

func FuzzOwnership(f *testing.F) { fuzz(f, "Ownership") }

// TestHostile gives every parser the beginning of each message that it parses, followed by one
// piece of it repeated far beyond the length that is kept of a message.
func TestHostile(t *testing.T) {
	for _, each := range parsers {
		for _, seed := range each.seeds {
			for at := 0; at < len(seed); at += 23 {
				piece := seed[at:min(at+25, len(seed))]
				if at == 0 {
					piece = seed + "\n"
				}
				message := seed[:at] + strings.Repeat(piece, 2*match.MaxMessage/len(piece))
				began := time.Now()
				read, ok := each.parse(message)
				if took := time.Since(began); took > 5*time.Second {
					t.Fatalf("%s took %s on %q", each.name, took, piece)
				}
				if ok {
					parsecheck.Bounded(t, message, reflect.ValueOf(read))
				}
			}
		}
	}
}
