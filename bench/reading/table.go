//go:build linux

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The bars, at the largest number of tenants.
const (
	maxRatioToFlux  = 1.0
	maxMemory       = 120 << 20
	maxRatioToFew   = 2.0
	maxRequests     = 0.05 // for each further tenant: some commands read fewer namespaces if there are few
	mebibyte        = 1 << 20
	comparedTenants = "TENANT"
)

type results []*result

// table is a Markdown table of what was measured.
func (l results) table() string {
	var out strings.Builder
	out.WriteString("| tenants | state | command | seconds | seconds of processor | MiB | requests | of which pages | MiB received |\n")
	out.WriteString("|---:|---|---|---:|---:|---:|---:|---:|---:|\n")
	for _, r := range l {
		out.WriteString(r.row() + "\n")
	}
	return out.String()
}

func (r *result) row() string {
	begin := fmt.Sprintf("| %d | %s | %s | ", r.tenants, r.state, r.command.name)
	if r.failed != "" {
		return begin + "failed: " + strings.ReplaceAll(r.failed, "\n", " ") + " | | | | | |"
	}
	requests := "| | | |"
	if !r.command.offline {
		requests = fmt.Sprintf("| %d | %d | %.2f |", r.requests, r.pages, float64(r.received)/mebibyte)
	}
	return begin + fmt.Sprintf("%.2f | %.2f | %.0f ", median(r.wall).Seconds(), median(r.cpu).Seconds(), float64(median(r.memory))/mebibyte) + requests
}

// find returns a result of healthy tenants, nil if there is none.
func (l results) find(tenants int, command string) *result {
	for _, r := range l {
		if r.tenants == tenants && r.command.name == command && r.state == states[0].name && r.failed == "" {
			return r
		}
	}
	return nil
}

// bars compares the largest number of tenants with the smallest one, and with other programs.
func (l results) bars() string {
	var out strings.Builder
	if len(l) == 0 {
		return ""
	}
	byTenants := func(a, b *result) int { return cmp.Compare(a.tenants, b.tenants) }
	few, many := slices.MinFunc(l, byTenants).tenants, slices.MaxFunc(l, byTenants).tenants
	line := func(what string, measured, bar float64, format string) {
		met := "met"
		if measured > bar {
			met = "not met"
		}
		fmt.Fprintf(&out, "| %s | "+format+" | ≤ "+format+" | %s |\n", what, measured, bar, met)
	}
	out.WriteString("| what | measured | bar | |\n|---|---:|---:|---|\n")
	if status, flux := l.find(many, statusAll), l.find(many, fluxAll); status != nil && flux != nil {
		line(fmt.Sprintf("%s of %d tenants, time divided by that of %s", statusAll, many, fluxAll), ratio(status.wall, flux.wall), maxRatioToFlux, "%.2f")
		line(fmt.Sprintf("%s of %d tenants, MiB", statusAll, many), float64(median(status.memory))/mebibyte, maxMemory/mebibyte, "%.0f")
	}
	for _, r := range l {
		base := l.find(few, r.command.name)
		if r.tenants != many || r.state != states[0].name || base == nil || r == base || r.failed != "" || r.command.offline || !r.command.answers {
			continue
		}
		if strings.Contains(r.command.name, comparedTenants) {
			line(fmt.Sprintf("%s of %d tenants, time divided by that of %d", r.command.name, many, few), ratio(r.wall, base.wall), maxRatioToFew, "%.2f")
		}
		more := (r.requests - r.pages) - (base.requests - base.pages)
		line(fmt.Sprintf("%s, requests without pages for each further tenant", r.command.name), float64(more)/float64(many-few), maxRequests, "%.2f")
	}
	return out.String()
}

func ratio(a, b []time.Duration) float64 { return float64(median(a)) / float64(median(b)) }
