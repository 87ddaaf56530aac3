package web

// DefaultUser and DefaultPassword are those of Orthanc (Orthanc's configuration, RegisteredUsers).
const DefaultUser, DefaultPassword = "admin", "orthanc"
