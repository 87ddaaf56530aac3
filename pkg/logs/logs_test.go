package logs

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/digihunch/kubectl-orthweb/internal/fakeapi"
	"github.com/digihunch/kubectl-orthweb/pkg/tenant"
)

var update = flag.Bool("update", false, "write the expected results")

// golden compares a result with the file of that name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile("testdata/"+name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/" + name)
	if err != nil || got != string(want) {
		t.Errorf("%s differs (%v); run with -update and review the diff:\n%s", name, err, got)
	}
}

func lines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// TestFormats reads lines of all programs, and determines which tenants they concern.
func TestFormats(t *testing.T) {
	snap := fakeapi.Example(t, "healthy")
	tenants := tenant.Discover(snap)
	concerns := map[string]Concern{}
	for i, s := range tenant.Assess(snap, tenants) {
		var hosts []string
		for _, h := range tenant.HostNames(snap, tenants)[i] {
			hosts = append(hosts, h.Name)
		}
		concerns[s.Name] = NewConcern(snap, s, hosts)
	}
	var got strings.Builder
	reader, mask := Reader{}, NewIdentifiers()
	for _, line := range lines(t, "formats.log") {
		e := reader.Next(line)
		fmt.Fprintf(&got, "%-5s %s\n", e.Level, mask.Mask(e.Message, e.Statement))
		for _, f := range e.Fields {
			fmt.Fprintf(&got, "        %s=%s\n", f.Key, mask.MaskField(f))
		}
		if e.Object() != "" {
			fmt.Fprintf(&got, "      object: %s\n", e.Object())
		}
		for _, name := range []string{"bhs", "mhr"} {
			if concerns[name].Covers(e) {
				fmt.Fprintf(&got, "      concerns: %s\n", name)
			}
		}
	}
	golden(t, "formats.golden", got.String())
	noIdentifier(t, got.String())
}

// noIdentifier checks that the identifiers in the files of testdata are masked.
func noIdentifier(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{
		"4711", "MUSTER", "NEIL", "ACC-1", "NEW-1", "OTHER", "19700102", ".498.",
		"0a360866", "6e5b4ac2", "95790992", "9356ca44", "=1.2.3&",
	} {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("%q is not masked: …%s…", secret, text[max(0, at-60):min(len(text), at+40)])
		}
	}
}

// TestOrthanc reads what a real Orthanc has logged with --trace.
func TestOrthanc(t *testing.T) {
	var got strings.Builder
	reader, mask := Reader{}, NewIdentifiers()
	for _, line := range lines(t, "orthanc.log") {
		e := reader.Next(line)
		raw := mask.Mask(line, e.Statement)
		fmt.Fprintf(&got, "%-5s %s\n", e.Level, raw)
		if message := mask.Mask(e.Message, e.Statement); !strings.HasSuffix(raw, message) {
			t.Errorf("the message differs from the line:\n%s\n%s", message, raw)
		}
	}
	golden(t, "orthanc.golden", got.String())
	noIdentifier(t, got.String())
}

// TestIdentifiers masks single texts.
func TestIdentifiers(t *testing.T) {
	for text, want := range map[string]string{
		"PatientID=4711":                                        "PatientID=<patient-id 1>",
		`"PatientID" : "4711", "Modality":"CT"`:                 `"PatientID" : "<patient-id 1>", "Modality":"CT"`,
		"StudyInstanceUID: 1.2.3 was stored":                    "StudyInstanceUID: <uid 1>",
		"GET /studies?PatientName=A%20B&limit=1":                "GET /studies?PatientName=<patient-name 1>&limit=1",
		"GET /studies?PatientName=A HTTP/1.1":                   "GET /studies?PatientName=<patient-name 1> HTTP/1.1",
		"GET /studies/1.2.3/series":                             "GET /studies/<study 1>/series",
		"GET /studies/1.2.3.4.5/series":                         "GET /studies/<uid 1>/series",
		"GET /studies":                                          "GET /studies",
		"GET /studies?limit=1":                                  "GET /studies?limit=1",
		"transfer syntax 1.2.840.10008.1.2.1":                   "transfer syntax 1.2.840.10008.1.2.1",
		"from 10.1.2.3, version 1.12.4":                         "from 10.1.2.3, version 1.12.4",
		"job 3e04849c-9b1f-4ccb-9385-6eca3844ea1a":              "job 3e04849c-9b1f-4ccb-9385-6eca3844ea1a",
		"(0008,0060) CS [CT]":                                   "(0008,0060) CS [CT]",
		"(0010,0010) PN [DOE^J]    # 6, 1 PatientName":          "(0010,0010) PN [<patient-name 1>]    # 6, 1 PatientName",
		"(0010,0010)  PatientName = DOE JOHN":                   "(0010,0010)  PatientName = <patient-name 1>",
		"(0008,1030) LO [CT of the skull]  #  1 x":              "(0008,1030) LO [<value 1>]  #  1 x",
		"(0040,a730) SQ (Sequence with explicit length)":        "(0040,a730) SQ (Sequence with explicit length)",
		"Change of type Patient: NewPatient":                    "Change of type Patient: NewPatient",
		"/viewer?patient=4711&x=1":                              "/viewer?patient=<patient-id 1>&x=1",
		"q=PatientID%3D4711&x":                                  "q=PatientID%3D<patient-id 1>&x",
		"header: [patientid]: [4711]":                           "header: [patientid]: [<patient-id 1>]",
		"StudyData.PatientName=DOE":                             "StudyData.PatientName=<patient-name 1>",
		"Replace: PatientID = (0010,0020) by: \"N\"":            "Replace: PatientID = (0010,0020) by: \"<patient-id 1>\"",
		"PatientName=O'NEIL, JOHN; x=1":                         "PatientName=<patient-name 1>; x=1",
		"PatientName=A, PatientID=B, x=1":                       "PatientName=<patient-name 1>, PatientID=<patient-id 1>, x=1",
		"2^10 bytes":                                            "2^10 bytes",
		"DOE^JOHN^^^, DOE^JOHN^^^":                              "<patient-name 1>, <patient-name 1>",
		"Müller^Jürgen":                                         "<patient-name 1>",
		"<patient-id 1>":                                        "<patient-id 1>",
		"PatientID=<patient-id 1>":                              "PatientID=<patient-id 1>",
		"UID     : 2.25.95130884073565835875717092856315566314": "UID     : <uid 1>",
		"PostgreSQL 2.25.1":                                     "PostgreSQL 2.25.1",
		"No limit on the number of stored patients":             "No limit on the number of stored patients",
		"stable resources: series, study: 3":                    "stable resources: series, study: 3",
	} {
		if got := NewIdentifiers().Mask(text, false); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestRowsOfPostgres checks what is replaced in lines that quote SQL or rows.
func TestRowsOfPostgres(t *testing.T) {
	for text, want := range map[string]string{
		"DETAIL: Failing row contains (1, ROW, MUSTER (X), null).":  "DETAIL: Failing row contains (<value>).",
		"DETAIL: Key (value)=(A (B)) already exists.":               "DETAIL: Key (value)=(<value>) already exists.",
		`CONTEXT: COPY dicom, line 1, column value: "MUSTER"`:       `CONTEXT: COPY dicom, line 1, column value: "<value>"`,
		`CONTEXT: COPY dicom, line 1: "1	MUSTER`:                    `CONTEXT: COPY dicom, line 1: "<value>"`,
		"STATEMENT: INSERT INTO t VALUES ($$DOLLAR$$, 'B')":         "STATEMENT: INSERT INTO t VALUES ('<value>'",
		"STATEMENT: INSERT INTO t VALUES ($x$DOLLAR$x$)":            "STATEMENT: INSERT INTO t VALUES ('<value>'",
		`STATEMENT: INSERT INTO t VALUES (E'A\'B', 'C')`:            `STATEMENT: INSERT INTO t VALUES (E'<value>'`,
		"STATEMENT: SELECT id FROM t WHERE name = 'O''NEIL' AND $1": "STATEMENT: SELECT id FROM t WHERE name = '<value>' AND $1",
		"STATEMENT: SELECT count(*) FROM patients":                  "STATEMENT: SELECT count(*) FROM patients",
	} {
		if got := NewIdentifiers().Mask(text, true); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestLevelsOfPostgres checks that the details of an error have its level.
func TestLevelsOfPostgres(t *testing.T) {
	var reader Reader
	for _, c := range []struct {
		line string
		want Level
	}{
		{"2026-11-30 08:00:00.000 GMT [1] LOG:  started", Info},
		{"2026-11-30 08:00:01.000 GMT [1] ERROR:  duplicate key", Error},
		{"2026-11-30 08:00:01.000 GMT [1] DETAIL:  Key (a)=(b) already exists.", Error},
		{"2026-11-30 08:00:01.000 GMT [1] HINT:  try again", Error},
		{"2026-11-30 08:00:01.000 GMT [1] STATEMENT:  INSERT", Error},
		{"	VALUES (1)", Error},
		{"2026-11-30 08:00:02.000 GMT [1] LOG:  checkpoint", Info},
	} {
		if got := reader.Next(c.line).Level; got != c.want {
			t.Errorf("%q: %v, want %v", c.line, got, c.want)
		}
	}
}

// TestIdentifiersAreBounded checks that masking does not remember without limit.
func TestIdentifiersAreBounded(t *testing.T) {
	m := NewIdentifiers()
	for i := range maxIdentifiers + 10 {
		m.Mask(fmt.Sprintf("PatientID=P%d", i), false)
	}
	if got := m.Mask("PatientID=another", false); got != "PatientID=<patient-id>" || len(m.known) != maxIdentifiers {
		t.Errorf("got %q, %d identifiers", got, len(m.known))
	}
}

// TestPlaces finds where a tenant's pods are, and what they are.
func TestPlaces(t *testing.T) {
	snap := fakeapi.Example(t, "healthy")
	var got strings.Builder
	for _, s := range tenant.Assess(snap, tenant.Discover(snap)) {
		for _, place := range Places(snap, s) {
			for _, g := range place.Groups {
				fmt.Fprintf(&got, "%s: %s: %s [%s] shared=%v\n", s.Name, place.Namespace, g.Source, g.Pods, g.Shared)
			}
		}
	}
	golden(t, "places.golden", got.String())
}

// FuzzParse checks that no line crashes the parsers, that masking is stable, and that masked
// JSON output is valid.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"formats.log", "orthanc.log"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		for _, line := range strings.Split(string(data), "\n") {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line string) {
		e := Parse(line)
		m := NewIdentifiers()
		masked := m.Mask(line, e.Statement)
		if _, err := json.Marshal(masked); err != nil {
			t.Error(err)
		}
		for _, field := range e.Fields {
			m.MaskField(field)
		}
		if e.Message == "" && e.Level == Unknown && len(e.Fields) == 0 && strings.Trim(line, "\r\n \t{}") != "" && !strings.HasPrefix(line, "{") && !strings.Contains(line, ": ") {
			t.Errorf("nothing of %q is left", line)
		}
		Concern{namespaces: []string{"a"}}.Covers(e)
	})
}

func BenchmarkLine(b *testing.B) {
	const line = `I1130 07:30:25.695619 HttpServer.cpp:1244] (http) GET /studies/0a360866-ecb54867-e495fa24-bca33e90-4cae8c3c?PatientID=4711`
	m := NewIdentifiers()
	for b.Loop() {
		e := Parse(line)
		m.Mask(e.Message, e.Statement)
	}
}
