dotted: true
