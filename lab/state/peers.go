package state

// Door is an address at which a part answers.
type Door struct {
	// Protocol is HTTP, DICOM, HTTPS or TLS, which is DICOM over TLS.
	Protocol string `json:"protocol"`
	// Address is HOST:PORT.
	Address string `json:"address"`
	// ServerName is the TLS server name to ask for, empty where any will do.
	ServerName string `json:"serverName,omitempty"`
}

// Peers are the paths of programs that the system has.
type Peers struct {
	Orthanc string `json:"orthanc"`
	HAProxy string `json:"haproxy"`
	// Required says that the lab is nothing without them.
	Required bool `json:"required,omitempty"`
}
