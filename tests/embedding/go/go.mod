module golden

go 1.19

require qice v0.0.0

replace qice => ../../../bindings/go
