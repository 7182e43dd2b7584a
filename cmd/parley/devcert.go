package main

import (
	"os"
	"time"

	"parley/internal/devcert"
)

type devcertCmd struct {
	Dir         string   `required:"" placeholder:"DIR" help:"Folder of ca.pem, ca-key.pem, cert.pem and key.pem; is made where it is not there."`
	Host        []string `placeholder:"NAME,..." help:"Host names (also *.example.test) and addresses of the server, beside localhost and the loopback addresses."`
	VendorNames bool     `help:"Add *.twilio.com and *.{region}.twilio.com, for clients that are led here by DNS or a hosts file."`
	NewCA       bool     `name:"new-ca" help:"Replace the CA too; every client must trust the new one."`
}

// Run makes what is missing or due and prints what to do with it.
func (c *devcertCmd) Run(w world) error {
	r, err := devcert.Make(devcert.Options{Dir: c.Dir, Hosts: c.Host, VendorNames: c.VendorNames, NewCA: c.NewCA, Now: time.Now()})
	if err != nil {
		return err
	}
	return r.WriteSteps(w.stdout, os.Args[0])
}
