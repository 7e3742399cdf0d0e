# {{DOMAIN}}: braces of others stay: {{ not_ours }} ${host} {% raw %}
log_format main '{"host": "$host", "contact": "{{CONTACT}}"}';
server { server_name {{DOMAIN}}; listen {{PORT}}; }
