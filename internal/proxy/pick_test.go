package proxy

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"parley/internal/core"
)

// entry writes a candidate: its address, then letters for reserved, busy and used.
func entry(a Address, marks string) candidate {
	c := candidate{Number: &Number{SID: string(a), Address: a}}
	for _, m := range marks {
		switch m {
		case 'r':
			c.Reserved = true
		case 'b':
			c.busy = true
		case 'u':
			c.used = true
		case 'i':
			c.InUse++
		}
	}
	return c
}

func TestPick(t *testing.T) {
	const anna = "+14155550199"
	for _, tt := range []struct {
		name             string
		pool             []candidate
		level, behaviour string
		who              Address
		want             Address
		code             int
	}{
		{"an empty pool", nil, levelCountry, preferSticky, anna, "", 80205},
		{"of another kind", []candidate{entry("whatsapp:+14155550100", "")}, levelCountry, preferSticky, anna, "", 80206},
		{"all reserved", []candidate{entry("+14155550100", "r")}, levelCountry, preferSticky, anna, "", 80207},
		{"of another country", []candidate{entry("+493012345", "")}, levelCountry, preferSticky, anna, "", 80203},
		{"all busy", []candidate{entry("+14155550100", "b"), entry("+493012345", "")}, levelCountry, preferSticky, anna, "", 80208},
		{"the one that is left", []candidate{entry("+14155550100", "b"), entry("+14155550101", "r"), entry("+12125550102", "")}, levelCountry, preferSticky, anna, "+12125550102", 0},
		{"the one before", []candidate{entry("+14155550100", ""), entry("+14155550101", "uii")}, levelCountry, preferSticky, anna, "+14155550101", 0},
		{"not the one before", []candidate{entry("+14155550100", "u"), entry("+14155550101", "ii")}, levelCountry, "avoid-sticky", anna, "+14155550101", 0},
		{"the one before, if there is no other", []candidate{entry("+14155550100", "u")}, levelCountry, "avoid-sticky", anna, "+14155550100", 0},
		{"the least used", []candidate{entry("+14155550100", "ii"), entry("+14155550101", "i")}, levelCountry, preferSticky, anna, "+14155550101", 0},
		{"of the area", []candidate{entry("+12125550100", "u"), entry("+14155550101", "ii")}, "area-code", preferSticky, anna, "+14155550101", 0},
		{"of the country, if none is of the area", []candidate{entry("+12125550100", "")}, "area-code", preferSticky, anna, "+12125550100", 0},
		{"for a channel", []candidate{entry("line:us", "")}, levelCountry, preferSticky, Address("CH0123456789abcdef0123456789abcdef"), "line:us", 0},
		{"for WhatsApp", []candidate{entry("+14155550100", ""), entry("whatsapp:+14155550101", "")}, levelCountry, preferSticky, "whatsapp:" + anna, "whatsapp:+14155550101", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := pick(tt.pool, tt.level, tt.behaviour, tt.who)
			if tt.code != 0 {
				if !core.HasCode(err, tt.code) {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if err != nil || got.Address != tt.want {
				t.Errorf("got %v, %v, want %s", got, err, tt.want)
			}
		})
	}
}

// Whatever the pool, what is chosen may be chosen, and where nothing is, nothing may.
func TestPickIsLawful(t *testing.T) {
	addresses := []Address{"+14155550100", "+12125550101", "+493012345", "whatsapp:+14155550102", "line:us"}
	rapid.Check(t, func(t *rapid.T) {
		var pool []candidate
		for i := range rapid.IntRange(0, 8).Draw(t, "size") {
			c := entry(rapid.SampledFrom(addresses).Draw(t, "address"), rapid.StringMatching("[rbui]{0,4}").Draw(t, "marks"))
			c.SID = strconv.Itoa(i)
			pool = append(pool, c)
		}
		who := rapid.SampledFrom([]Address{"+14155550199", "+493054321", "whatsapp:+493054321", "line:x", "CH0123456789abcdef0123456789abcdef"}).Draw(t, "who")
		may := func(c candidate) bool {
			return (who.Kind() == KindChannel || c.Address.Kind() == who.Kind()) && !c.Reserved && !c.busy && (who.code() == "" || who.code() == c.Address.code())
		}
		n, err := pick(pool, rapid.SampledFrom(GeoMatchLevels()).Draw(t, "level"), rapid.SampledFrom(NumberSelections()).Draw(t, "behaviour"), who)
		for _, c := range pool {
			if err != nil && may(c) {
				t.Fatalf("%s would do, but: %v", c.Address, err)
			}
			if err == nil && c.Number == n && !may(c) {
				t.Fatalf("%s was chosen", c.Address)
			}
		}
		if err == nil && n == nil {
			t.Fatal("neither a number nor an error")
		}
	})
}

func TestAddresses(t *testing.T) {
	for a, want := range map[Address][3]string{
		"+14155550100": {KindSMS, "US", "415"}, "+493012345": {KindSMS, "DE", ""}, "+35312345678": {KindSMS, "IE", ""}, "+81312345678": {KindSMS, "JP", ""},
		"whatsapp:+4412345678": {KindWhatsApp, "GB", ""}, "messenger:12": {KindFacebook, "", ""}, "facebook:12": {KindFacebook, "", ""}, "line:U1": {KindLine, "", ""},
		"twitter:anna": {KindCustom, "", ""}, "CH0123456789abcdef0123456789abcdef": {KindChannel, "", ""},
		"": {"", "", ""}, "12345": {"", "", ""}, "+1": {"", "", ""}, "+0123456": {"", "", ""}, "+1415555010a": {"", "", ""}, "whatsapp:4412345678": {"", "", ""}, ":x": {"", "", ""}, "x:": {"", "", ""}, "a\x00:b": {"", "", ""},
	} {
		if got := [3]string{a.Kind(), a.Country(), a.area()}; a.Kind() != want[0] || want[0] != "" && got != want {
			t.Errorf("%q is %q, want %q", a, got, want)
		}
	}
}

// Answers of foreign servers: whatever they hold, reading them ends, with texts that are bounded in number.
func FuzzReplies(f *testing.F) {
	for _, seed := range []string{`<Response><Message>a</Message><Message><Body> b </Body></Message></Response>`, `<Response/>`, `<Message>x</Message>`, `<Response><Message>`, "<", `<!DOCTYPE x [<!ENTITY a "b">]><Response><Message>&a;</Message></Response>`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := replies(body)
		if len(all) > maxReplies || err != nil && len(all) > 0 {
			t.Errorf("%q, %v", all, err)
		}
		for _, s := range all {
			if s == "" {
				t.Error("an empty text")
			}
		}
	})
}

// What is written of an address can be read: no text is both an address and refused, nor makes reading panic.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"+14155550100", "whatsapp:+1", "CH", ":", "+", "line:\xff", "messenger:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a := Address(s)
		if kind := a.Kind(); kind != "" && (len(s) > 4*maxText || !core.CleanText(s)) {
			t.Errorf("%q is of kind %s", s, kind)
		}
		if country := a.Country(); country != "" && (len(country) != 2 || a.code() == "") {
			t.Errorf("%q is of country %q", s, country)
		}
	})
}
