#### attributes under one another
a=1
long_name   =   2
b = 3

c=4
#### comments under one another
a = 1 # one
bb = 22 # two
ccc = 333 // three
#### a comment of its own line parts nothing
a = 1
# words
bbbb = 2
#### block with labels
resource   "docker_container"    "web"   {
name="web"
    image    =   "nginx"
}
#### nested blocks
terraform {
required_version = ">= 1.6"
required_providers {
docker = {
source = "kreuzwerker/docker"
version = "3.0.2"
}
}
backend "s3" {
bucket="state"
}
}
#### empty block
provider "docker" {}
provider "docker" {

}
#### one-line block
variable "x" { default=1 }
#### list on a line
a=[1,2,   3]
#### list over lines
a = [
1,
   2,
3
]
#### list of objects
a = [{
x = 1
yy = 2
}, {
x = 3
}]
#### nested lists
a = [[1,2],[3,[4,5]]]
#### object on a line
a={x=1,yy=2}
#### object with colons
a = {x: 1, "y":2, (var.k): 3}
#### object over lines with colons
a = {
x: 1
yyyy : 2
"z":3
}
#### object keys as templates
a = {
"${var.x}-a" = 1
(var.y) = 2
}
#### arithmetic
a = 1+2*3-4/5%6
b = (1+2)*-3
c = -1
d = - 1
e = a - -1
f = [-1, - 2]
#### comparison and logic
a = b==c&&d!=e||!f
b = a<b&&b<=c||c>d&&d>=e
#### conditional
a = b?c:d
b = b ? "x" : "y"
c = (b?1:2)
#### conditional over lines
a = (
b
? c
: d
)
#### calls
a = max(1,2)
b = max  ( 1 , 2 )
c = merge({a=1},{b=2})
d = concat([1],[2])
e = f()
g = h(list...)
#### calls over lines
a = merge(
{
x = 1
},
{
yy = 2
},
)
b = join(",", [
"a",
"b",
])
#### traversals
a = var.x.y[0].z["k"]
b = var . x
c = a.0.b
d = module.x["a-b"].out
#### splats
a = b.*.c
b = b[*].c
c = b [*] .c
#### for in a list
a = [for x in y:x]
b = [ for x in y : x if x != "" ]
c = [for i, x in y : "${i}-${x}"]
#### for in an object
a = {for k,v in m:k=>v}
b = { for k , v in m : k => v... if v }
#### for over a list of its own
a = [for x in [1,2]: x]
b = {for x in [1,2]: x => x}
#### for over lines
a = {
for k, v in m :
k => {
x = v
yyy = k
}
if v != null
}
#### templates
a = "x${y}z"
b = "${ y  }-${z+1}"
c = "a$${b}c%%{d}"
d = "%{if x}a%{else}b%{endif}"
e = "%{ for x in y ~}${x},%{ endfor }"
f = "${~ x ~} y"
#### templates in templates
a = "x-${join(",", [for k in y : "${k}=1"])}"
#### escapes
a = "\"quoted\" \\ \n \t \u00e9"
#### heredoc
a = <<EOT
  one
	two   =    three
EOT
b = 2
#### heredoc moved in
resource "x" "y" {
user_data = <<-EOT
      #cloud-config
   runcmd:
     - echo ${var.x}   ${ var.y}
EOT
name="x"
}
#### heredocs in an object
a = {
x = <<EOT
text
EOT
yyy = <<-E
  text
  E
z = 1
}
#### heredoc in a call
a = jsondecode(<<EOT
{"a":1}
EOT
)
b=1
#### heredoc in a list
a = [<<EOT
x
EOT
,
"b"
]
#### comments of all kinds
# one
// two
/* three */
a = 1 /* four */
/*
 five
   six
*/
b = /* seven */ 2
#### comment at the end of a block's first line
resource "a" "b" { # why
x = 1
yy = 2 # this
} # end
#### comments in lists
a = [
1, # one
200,    # two
# three
3
]
#### comments in objects
a = {
# first
x = 1 # one
yyy = 22 # two
}
#### blank lines stay
a = 1


bb = 2



ccc = 3
#### tabs
	a	=	1
	block {
		b	=	2
	}
#### too deep and too shallow
a {
        b {
 c {
d = 1
        }
}
}
#### brackets closed together
a = merge({ x = [
1
] }, {
y = 2
})
b = 1
#### several on a line
a = [{ x = 1 }, { y = [1,2], z = {} }]
#### null and booleans
a=null
b=true
ccc=false
#### long number forms
a = 1.50
bbb = 1e10
c = 1.5E-3
#### wide characters
a = "é" # x
b = "日本" # y
c = "👩‍👩‍👧" # z
#### names with dashes and letters of elsewhere
a-b = 1
naïve = 2
#### a file without its last newline
a = 1
bb=2
#### dynamic blocks
resource "x" "y" {
dynamic "port" {
for_each = var.ports
content {
internal = port.value.internal
external=port.value.external
}
}
lifecycle {
ignore_changes=[image,labels["a"]]
}
depends_on=[module.a,docker_network.b]
}
#### a module
module "ams1" {
source = "./modules/ixp"
providers = { docker = docker.ams1 }
host = "192.0.2.1"
ports = [
{ internal = 80, external = 8080 },
{ internal = 443,external=8443 },
]
}
#### a variable
variable "hosts" {
description = "Hosts"
type = map(object({
address = string
ports=list(number)
tags = optional(map(string),{})
}))
default = {}
validation {
condition = alltrue([for h in values(var.hosts):can(cidrhost("${h.address}/32",0))])
error_message = "An address is wrong."
}
}
#### an output
output "addresses" {
value = { for k , h in docker_container.web : k => h.network_data[0].ip_address }
sensitive=true
}
#### locals
locals {
a = 1
names = toset([for h in var.hosts:h.name])
by_group = { for h in var.hosts: h.group=>h.name... }
}
#### equal signs that align over nested ones
a = 1
bb = {
c = 1
dddd = 2
}
eee = 3
f = [1]
#### assignment in one line of an object next to others
a = { x = 1 }
bbb = { yyyy = 2 }
#### question over lines
a = b ? [
1
] : [
2
]
#### a sign after a word
a = b -1
c = 2- 1
d = x[-1]
e = x[a-1]
f = "x${-1}"
g = {a = -1}
h = max(-1,-2)
i = b ? -1 : -2
j = b == -1
#### not
a = !b
c = ! d
e = [!a,!b]
#### only a comment
# nothing here
#### equal signs with a comment between
a = 1 # x

bb = 2 # yy
ccc = 3
d = 4 # z
#### directives in a heredoc
a = <<-EOT
    %{ for h in var.hosts ~}
    server ${h.address}   ${ h.port }
    %{ endfor ~}
    %{if a}x%{ else }y%{endif}
    100%% %%{x} $${y} $ % $x %y
    EOT
b=1
#### strip marks
a = "${~ b ~}-%{~ if c ~} d %{~ endif ~}"
#### legacy indexes and splats
a = b.0.c
c = d.*.e.0
f = g[*].h[0]
i = j["k"].*.l
#### a call of a call of a call
a = element(split(",",join(",",formatlist("%s-%s",var.a,var.b))),count.index)
b = try(local.x["y"].z,null)
c = lookup(var.map,"key",[])
#### long conditions
a = var.a!=null&&length(var.b)>0?var.b[0]:(var.c==""?"none":var.c)
#### an expression over lines in brackets
a = (
var.a
&& var.b
|| !var.c
)
#### a for in a for
a = merge([for k, v in var.a:{for i,j in v:"${k}-${i}"=>j}]...)
b = flatten([
for k, v in var.a : [
for i in v : {
key = k
value=i
}
]
])
#### keys with values of every kind
a = {
"a.b/c" = 1
1 = 2
true = 3
null = 4
a.b = 5
(1 + 1) = 6
"${x}y" = 7
}
#### empty things
a = {}
b = []
c = ""
d = f()
e = { }
f = [ ]
g = [
]
h = {
}
#### comments inside of calls
a = max(
1, # one
2 // two
/* three */
)
#### words that look like others
in = 1
for = 2
if = 3
a = in
b = for
#### a minus in every place
a = b - 1
b = (b) - 1
c = b[0] - 1
d = f() - 1
e = "x" - 1
f = 1 - 1
g = b ? - 1 : - c
h = [ - 1, b - 1 ]
i = - (b)
j = -b.c
#### several blocks on end
a {}
b {
}
c { x = 1 }
d "e" { x = "}" }
#### a block's comment and one under it
a { # one
  # two
  b = 1 # three
  ccc = 2
} # four
# five
#### an assignment whose value begins on its line and ends on another, beside others
a = 1
bbbb = [for x in y : {
z = x
}]
cc = 3
ddddddd = "x"
#### a key in brackets after an operation with a call
a = {
x = f(1) == name # one
(k) = 1
yyy=[for z in w:z] ? k : name

// two
(var.k)=[1]==name
}
#### nothing but keys in brackets
a = { # one
(k) = 1,
(l) = {
(m)=f(1)+n
(o)=p
}
}
