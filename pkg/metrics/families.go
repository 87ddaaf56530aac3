package metrics

import "slices"

// Family is a metric: its name, and the names of its labels.
type Family struct {
	Name, Help string
	// Counter is set for a counter; otherwise it is a gauge.
	Counter bool
	Labels  []string
}

// all are the families, in the order of their definitions.
var all []*Family

// gauge defines a family of gauges.
func gauge(name, help string, labels ...string) *Family {
	f := &Family{Name: name, Help: help, Labels: labels}
	all = append(all, f)
	return f
}

// counter defines a family of counters.
func counter(name, help string) *Family {
	f := gauge(name, help)
	f.Counter = true
	return f
}

// Families are all metrics, in the order in which docs/exporter.md lists them.
func Families() []*Family { return slices.Clone(all) }

// The states of tenants.
var (
	tenants          = gauge("orthweb_tenants", "Number of tenants by status.", "status")
	tenantReady      = gauge("orthweb_tenant_ready", "1 if the tenant is ready, 0 if it is not. No sample if this is not known.", "tenant")
	tenantStatus     = gauge("orthweb_tenant_status", "1 for the status of the tenant, 0 for the others.", "tenant", "status")
	tenantCauses     = gauge("orthweb_tenant_causes", "Number of causes with this code why the tenant is not ready.", "tenant", "code")
	tenantExplained  = gauge("orthweb_tenant_explained", "1 if everything that may hide a cause could be read, otherwise 0. Only for tenants that are not ready.", "tenant")
	tenantExpiry     = gauge("orthweb_tenant_certificate_expiry_timestamp_seconds", "When the first certificate expires that the gateways of the tenant serve.", "tenant")
	hostNames        = gauge("orthweb_tenant_hosts", "Number of host names of the tenant.", "tenant")
	hostsNoAddress   = gauge("orthweb_tenant_hosts_without_address", "Number of host names of the tenant for which the ingress has no address.", "tenant")
	layerReady       = gauge("orthweb_layer_ready", "1 if the layer is ready, 0 if it is not. No sample if this is not known.", "namespace", "layer")
	layerStatus      = gauge("orthweb_layer_status", "1 for the status of the layer, 0 for the others.", "namespace", "layer", "status")
	layerStale       = gauge("orthweb_layer_stale", "1 if the controller of the layer no longer reconciles it, otherwise 0.", "namespace", "layer")
	layerReconciled  = gauge("orthweb_layer_last_reconciled_timestamp_seconds", "When the layer was last reconciled, with any result.", "namespace", "layer")
	layerInterval    = gauge("orthweb_layer_interval_seconds", "The interval at which Flux reconciles the layer.", "namespace", "layer")
	controllerLease  = gauge("orthweb_controller_lease_renewed_timestamp_seconds", "When the controller of Flux last renewed its Lease.", "name")
	certificateEnd   = gauge("orthweb_certificate_expiry_timestamp_seconds", "When the certificate of a cert-manager Certificate expires.", "tenant", "namespace", "name")
	certificateRenew = gauge("orthweb_certificate_renewal_timestamp_seconds", "When cert-manager renews the certificate of a Certificate.", "tenant", "namespace", "name")
)

// The results of probes.
var (
	probeSuccess  = gauge("orthweb_probe_success", "1 if the check of validate passed, 0 if it failed, or an earlier check that it requires. No sample if it was not tested.", "tenant", "check")
	probeDuration = gauge("orthweb_probe_check_duration_seconds", "How long the check took.", "tenant", "check")
	probeRun      = gauge("orthweb_probe_last_run_timestamp_seconds", "When the last probe of the tenant ended.", "tenant")
	probeTime     = gauge("orthweb_probe_duration_seconds", "How long the last probe of the tenant took.", "tenant")
	probeInterval = gauge("orthweb_probe_interval_seconds", "How often each tenant is probed.")
)

// The exporter itself.
var (
	viewCurrent  = gauge("orthweb_exporter_view_current", "1 if the exporter's view of the cluster is current, 0 if nothing has been read yet or the connection is lost.")
	lastSync     = gauge("orthweb_exporter_last_sync_timestamp_seconds", "When the exporter's view of the cluster was last current.")
	viewLost     = counter("orthweb_exporter_view_lost_total", "How often the exporter's view of the cluster stopped being current.")
	unreadable   = gauge("orthweb_exporter_unreadable", "Number of lists of the resource that could not be read, by reason. What depends on them is unknown.", "resource", "reason")
	polled       = gauge("orthweb_exporter_polled", "1 for a resource that is listed at intervals, because it can't be watched.", "resource")
	lookDuration = gauge("orthweb_exporter_assessment_duration_seconds", "How long the last assessment of all tenants took.")
	looks        = counter("orthweb_exporter_assessments_total", "How often all tenants were assessed.")
	unexplained  = gauge("orthweb_exporter_unexplained_tenants", "Number of tenants that are not ready and whose causes have not been determined yet.")
	explainFails = counter("orthweb_exporter_explain_errors_total", "How often causes could not be determined, because reading the cluster failed.")
	dropped      = gauge("orthweb_exporter_dropped_series", "Number of series of the metric that are not exported, because of the limit for each metric.", "metric")
	buildInfo    = gauge("orthweb_exporter_build_info", "The version of the exporter.", "version")
)
