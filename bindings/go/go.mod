module qice

go 1.19
