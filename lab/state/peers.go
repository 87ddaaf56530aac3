package state

// Endpoint is an address at which a part answers.
type Endpoint struct {
	// Protocol is HTTP, DICOM, HTTPS or TLS, which is DICOM over TLS.
	Protocol string `json:"protocol"`
	// Address is HOST:PORT.
	Address string `json:"address"`
	// ServerName is the TLS server name for the connection, empty if any is accepted.
	ServerName string `json:"serverName,omitempty"`
}

// Peers are the paths of programs that are installed on the system.
type Peers struct {
	Orthanc string `json:"orthanc"`
	HAProxy string `json:"haproxy"`
	// Required means that the lab must fail without them.
	Required bool `json:"required,omitempty"`
}
