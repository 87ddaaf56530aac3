package document

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/digihunch/kubectl-orthweb/pkg/certs/trust"
	"github.com/digihunch/kubectl-orthweb/pkg/diagnose"
	"github.com/digihunch/kubectl-orthweb/pkg/finding"
	"github.com/digihunch/kubectl-orthweb/pkg/health"
	"github.com/digihunch/kubectl-orthweb/pkg/object"
	"github.com/digihunch/kubectl-orthweb/pkg/render"
	"github.com/digihunch/kubectl-orthweb/pkg/render/graph"
	"github.com/digihunch/kubectl-orthweb/pkg/render/term"
	"github.com/digihunch/kubectl-orthweb/pkg/report"
)

// page is a report as the texts of a page: all are clean, and none is markup.
type page struct {
	Lead, Program, NoCauses    string
	Clusters                   []cluster
	Counts                     []report.Count
	Sections                   []link
	Unread                     []string
	Fleet, Certificates, Hosts table
	Causes                     []cause
	Tenants                    []tenantView
}

type cluster struct{ Name, Server, At, Stamp string }

// link is a link to a place of the page.
type link struct{ ID, Text string }

// table is a table with a caption; the first cell of each row is its heading.
type table struct {
	Caption  string
	Headings []string
	Rows     [][]cell
}

// cell is one of a table: a status with a text, a link, a time, or a text.
type cell struct {
	Text, Class, Link, Time string
	Status                  health.Status
	Head                    bool
	Causes                  []link
}

type cause struct {
	ID, Number, Sentence, Object, Reason, For, Blocks, Unwatched string
	// Cluster is empty if there is only one.
	Cluster  string
	Code     finding.Code
	Severity finding.Severity
	Evidence table
	Fixes    []finding.Fix
	Path     []step
	finding  diagnose.Cause
}

type step struct {
	Status health.Status
	Text   string
}

type fact struct{ Name, Value string }

type tenantView struct {
	ID, Name, State, Why, Description string
	Status                            health.Status
	Open                              bool
	Causes                            []link
	Facts                             []fact
	Collisions                        []string
	Picture                           graph.Picture
	Chain                             table
	cluster                           report.Cluster
	tenant                            report.Tenant
}

// view builds the page of a report.
func view(r report.Report) page {
	v := viewer{report: r, several: len(r.Clusters) > 1}
	p := page{Lead: lead(r), Program: term.Clean(r.Program), Counts: r.Counts(), Unread: v.unread()}
	if r.Tenants() == 0 {
		p.Counts = nil
	}
	v.tables(&p)
	for i, c := range r.Clusters {
		switch {
		case !c.At.IsZero():
			p.Clusters = append(p.Clusters, cluster{term.Clean(c.Name), term.Clean(c.Server), date(c.At), c.At.UTC().Format(time.RFC3339)})
		case c.Err == nil:
			p.Clusters = append(p.Clusters, cluster{Name: term.Clean(c.Name) + " (no tenants)"})
		}
		for j, t := range c.Tenants {
			v.addTenant(&p, i, j, t)
		}
		v.addCertificates(&p, c)
		for j, found := range c.Causes {
			p.Causes = append(p.Causes, v.cause(i, j, found, c.At))
		}
	}
	slices.SortStableFunc(p.Fleet.Rows, func(a, b []cell) int { return worstFirst(status(a), status(b)) })
	slices.SortStableFunc(p.Tenants, func(a, b tenantView) int { return worstFirst(a.Status, b.Status) })
	p.NoCauses = noCauses(r)
	p.Sections = sections(p)
	return p
}

// lead is the answer in a sentence.
func lead(r report.Report) string {
	all, ready := r.Tenants(), 0
	for _, c := range r.Counts() {
		if c.Status == health.Ready {
			ready = c.Number
		}
	}
	text := ""
	switch notReady := all - ready; {
	case all == 0:
		text = "No tenants were found"
	case notReady == 0 && all == 1:
		text = "The only tenant is ready"
	case notReady == 0:
		text = fmt.Sprintf("All %d tenants are ready", all)
	case notReady == 1:
		text = fmt.Sprintf("1 of %s is not ready", finding.Count(all, "tenant"))
	default:
		text = fmt.Sprintf("%d of %d tenants are not ready", notReady, all)
	}
	missing := 0
	for _, c := range r.Clusters {
		if c.Err != nil && c.At.IsZero() {
			missing++
		}
	}
	if missing > 0 {
		text += fmt.Sprintf("; %d of %s could not be read", missing, finding.Count(len(r.Clusters), "cluster"))
	}
	return text
}

// noCauses is what a report without causes says instead.
func noCauses(r report.Report) string {
	switch counts := r.Counts(); {
	case !r.Complete():
		return "No causes were found in what could be read."
	case len(counts) == 1:
		return "No problems were found."
	case slices.ContainsFunc(counts, func(c report.Count) bool { return c.Status == health.Progressing }):
		return "No causes were found. What is in progress may still become ready."
	}
	return "No causes were found."
}

// worstFirst orders by status.
func worstFirst(a, b health.Status) int {
	switch {
	case a.Worse(b):
		return -1
	case b.Worse(a):
		return 1
	}
	return 0
}

func status(row []cell) health.Status {
	for _, c := range row {
		if c.Status != "" {
			return c.Status
		}
	}
	return ""
}

// sections are the contents of the page.
func sections(p page) []link {
	var found []link
	for _, s := range []struct {
		link
		has bool
	}{
		{link{"unread", "What could not be read"}, len(p.Unread) > 0}, {link{"fleet", "Tenants"}, true}, {link{"causes", "Causes"}, true},
		{link{"chains", "Chains"}, len(p.Tenants) > 0}, {link{"certificates", "Certificates"}, len(p.Certificates.Rows) > 0},
		{link{"hosts", "Addresses"}, len(p.Hosts.Rows) > 0},
	} {
		if s.has {
			found = append(found, s.link)
		}
	}
	return found
}

// viewer builds the parts of a page.
type viewer struct {
	report  report.Report
	several bool // clusters
}

// unread are the lines about what could not be read, with the cluster if there are several.
func (v viewer) unread() []string {
	var all []string
	for _, c := range v.report.Clusters {
		prefix := ""
		if v.several {
			prefix = term.Clean(c.Name) + ": "
		}
		if c.Err != nil {
			all = append(all, term.Clean(c.Name)+": "+term.Clean(c.Err.Error()))
		}
		for _, line := range render.UnreadLines(c.Unread) {
			all = append(all, prefix+line)
		}
	}
	return all
}

// headings are the headings of a table, with one for the cluster if there are several.
func (v viewer) headings(names ...string) []string {
	if v.several {
		return slices.Insert(names, 1, "Cluster")
	}
	return names
}

// row is a row of a table, with the cluster if there are several.
func (v viewer) row(c report.Cluster, cells ...cell) []cell {
	cells[0].Head = true
	if v.several {
		return slices.Insert(cells, 1, cell{Text: term.Clean(c.Name)})
	}
	return cells
}

// tables sets the captions and headings of the tables.
func (v viewer) tables(p *page) {
	p.Fleet = table{Caption: "Tenants, the worst first", Headings: v.headings("Tenant", "Status", "For", "Waiting for", "Layers", "Orthanc", "Database", "Certificate", "Revision")}
	p.Certificates = table{Caption: "Certificates, the first to expire first", Headings: v.headings("Tenant", "Certificate", "Issuer", "Used by", "Expires", "Left", "Renews in", "Status")}
	p.Hosts = table{Caption: "Where clients connect", Headings: v.headings("Tenant", "Web", "DICOM", "Address of the ingress")}
}

// addTenant adds a tenant to the tables and to the chains.
func (v viewer) addTenant(p *page, i, j int, t report.Tenant) {
	c := v.report.Clusters[i]
	f := render.TenantFields(t.Status, c.At)
	id, links := fmt.Sprintf("t%d-%d", i+1, j+1), v.causeLinks(i, t.Causes)
	waiting := cell{Text: f["WAITING FOR"], Causes: links}
	p.Fleet.Rows = append(p.Fleet.Rows, v.row(c, cell{Text: f["TENANT"], Link: id}, cell{Status: t.Verdict.Status}, short(f["FOR"]), waiting,
		short(f["LAYERS"]), short(f["ORTHANC"]), short(f["DATABASE"]), short(f["CERT"]), short(f["REVISION"])))
	p.Hosts.Rows = append(p.Hosts.Rows, v.row(c, cell{Text: f["TENANT"]}, cell{Text: term.Clean(render.WebURL(t.Status))}, cell{Text: f["DICOM"]}, cell{Text: f["ADDRESS"]}))
	name := f["TENANT"]
	if v.several {
		name += " in " + term.Clean(c.Name)
	}
	g := graph.Of(c, t)
	view := tenantView{ID: id, Name: name, State: name + " is " + word(t.Verdict.Status), Status: t.Verdict.Status, Open: !t.Ready(), Causes: links,
		Description: g.Describe(), Picture: g.Layout(), cluster: c, tenant: t}
	if since := f["FOR"]; since != render.None && !t.Verdict.Since.Equal(c.At) {
		view.State = name + " has been " + word(t.Verdict.Status) + " for " + since
	}
	view.Why = "Waiting for " + f["WAITING FOR"] + "."
	for _, field := range []fact{{"Layers", "LAYERS"}, {"Orthanc", "ORTHANC"}, {"Database", "DATABASE"}, {"Certificate", "CERT"}, {"Revision", "REVISION"}, {"Namespaces", "NAMESPACE"}} {
		view.Facts = append(view.Facts, fact{field.Name, f[field.Value]})
	}
	for _, collision := range t.Collisions {
		view.Collisions = append(view.Collisions, term.Clean(render.Collision(collision)))
	}
	view.Chain = v.chain(name, i, c, t)
	p.Tenants = append(p.Tenants, view)
}

// short is a cell that is not broken into lines.
func short(text string) cell { return cell{Text: text, Class: "nowrap"} }

// word is the word of a status in a sentence.
func word(s health.Status) string {
	if s == health.Progressing {
		return "in progress"
	}
	return strings.ToLower(string(s))
}

// chain is the table of a chain.
func (v viewer) chain(name string, i int, c report.Cluster, t report.Tenant) table {
	result := table{Caption: "Objects of " + name, Headings: []string{"Object", "Part", "Status", "For", "Message"}}
	for _, l := range t.Chain {
		result.Rows = append(result.Rows, []cell{
			{Text: render.ObjectCell(l.Ref, t.Status), Head: true}, {Text: string(l.Section)}, {Status: l.Status}, {Text: render.Age(l.Since, c.At)},
			{Text: render.Describe(l, term.Style{}), Causes: v.causeLinks(i, c.CausesOf(l))},
		})
	}
	return result
}

func (v viewer) causeLinks(i int, causes []int) []link {
	var found []link
	for _, at := range causes {
		found = append(found, link{causeID(i, at), "Cause " + v.number(i, at)})
	}
	return found
}

func causeID(i, at int) string { return fmt.Sprintf("c%d-%d", i+1, at+1) }

// number counts causes from 1, or for several clusters from 1.1.
func (v viewer) number(i, at int) string {
	if v.several {
		return fmt.Sprintf("%d.%d", i+1, at+1)
	}
	return fmt.Sprint(at + 1)
}

// addCertificates adds the certificates of a cluster.
func (v viewer) addCertificates(p *page, c report.Cluster) {
	for _, e := range c.Certificates {
		f := render.CertificateFields(e, c.At)
		expires := cell{Text: render.None}
		if !e.NotAfter.IsZero() {
			expires = cell{Text: e.NotAfter.UTC().Format(time.DateOnly), Time: e.NotAfter.UTC().Format(time.RFC3339), Class: "nowrap"}
		}
		p.Certificates.Rows = append(p.Certificates.Rows, v.row(c, cell{Text: f["TENANT"]}, cell{Text: f["CERTIFICATE"]}, cell{Text: f["ISSUER"]},
			cell{Text: strings.ReplaceAll(f["USED BY"], ",", ", ")}, expires, short(f["LEFT"]), short(f["RENEWS"]), certificateStatus(e)))
	}
}

// certificateStatus is the status of a certificate with its reason.
func certificateStatus(e trust.Entry) cell {
	c := cell{Status: e.Verdict.Status}
	if e.Verdict.Status != health.Ready {
		c.Text = term.Clean(string(e.Verdict.Reason))
	}
	return c
}

// cause is a section about a cause.
func (v viewer) cause(i, at int, found diagnose.Cause, now time.Time) cause {
	c := cause{
		ID: causeID(i, at), Number: "Cause " + v.number(i, at) + ".", Sentence: finding.Sentence(term.Clean(render.CutDigests(found.Message))), Object: term.Clean(found.Ref.String()),
		Reason: term.Clean(found.Reason), Code: found.Code, Severity: found.Severity, Blocks: blocks(found), Unwatched: term.Clean(found.Unwatched), finding: found,
	}
	if v.several {
		c.Cluster = term.Clean(v.report.Clusters[i].Name)
		c.Object = c.Cluster + " · " + c.Object
	}
	if !found.Since.IsZero() && now.Sub(found.Since) >= time.Second {
		c.For = "for " + render.Age(found.Since, now) + ", since " + date(found.Since)
	}
	c.Evidence = table{Caption: "Evidence of cause " + v.number(i, at), Headings: []string{"Object", "Field", "Value", "Age"}}
	for _, e := range found.Evidence {
		c.Evidence.Rows = append(c.Evidence.Rows, []cell{
			{Text: term.Clean(e.Ref.String()), Head: true, Class: "object"}, {Text: term.Clean(e.Field)}, {Text: term.Clean(e.Value), Class: "value"}, short(render.Age(e.At, now)),
		})
	}
	for _, f := range found.Fixes {
		c.Fixes = append(c.Fixes, finding.Fix{Text: term.Clean(f.Text), Command: term.Clean(f.Command), File: term.Clean(f.File)})
	}
	for _, s := range found.Path {
		text := term.Clean(s.Ref.String())
		if s.Note != "" && s.Note != string(s.Status) {
			text += ": " + term.Clean(s.Note)
		}
		c.Path = append(c.Path, step{s.Status, text + " (" + string(s.Status) + ")"})
	}
	return c
}

// blocks lists the layers and tenants that a cause blocks.
func blocks(c diagnose.Cause) string {
	var parts []string
	for _, list := range []struct {
		noun  string
		names []string
	}{{"layer", layerNames(c.Layers)}, {"tenant", c.Tenants}} {
		if len(list.names) > 0 {
			parts = append(parts, strings.TrimPrefix(finding.Count(len(list.names), list.noun), "1 ")+" "+term.Clean(strings.Join(list.names, ", ")))
		}
	}
	return strings.Join(parts, "; ")
}

func layerNames(refs []object.Ref) []string {
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = ref.Name
	}
	return names
}

// date is a time for people, in UTC.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 MST")
}
