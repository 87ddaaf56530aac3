// Package dicom is a client of DICOM's network protocol: association negotiation (PS3.8),
// C-ECHO and C-STORE (PS3.7). Package part10 reads files, package transfer sends many of
// them. Sections and tables are those of the standard's 2024 edition.
//
// It works over any net.Conn, a tls.Conn too; the caller dials. A caller of crypto/tls that
// stores many small files should set Config.DynamicRecordSizingDisabled: Go otherwise cuts
// the first 128 KiB of a connection into records of one packet each, each with its own write.
//
// It does not use a library, for three reasons. A file is streamed, so that two gigabytes
// pass through a buffer of some hundred kilobytes. Cancelling a context sends A-ABORT and
// returns within a second. And the answers of peers are reported with the terms of the
// standard. Of the libraries in Go, grailbio/go-netdicom holds whole data sets in memory and
// has been declared unmaintained by its authors, suyashkumar/dicom is well maintained but
// only reads files, and godicom-dev/gonetdicom is new and includes a complete object model.
//
// Data sets are sent as they are in the file; nothing is transcoded.
package dicom
