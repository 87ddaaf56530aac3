package web

// The default user and password of Orthanc (Orthanc's configuration, RegisteredUsers).
const DefaultUser, DefaultPassword = "admin", "orthanc"
