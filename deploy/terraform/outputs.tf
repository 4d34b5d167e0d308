output "url" {
  value = "https://${var.domain}"
}

output "cluster" {
  value = aws_ecs_cluster.main.name
}

output "subnets" {
  description = "For one-off tasks, such as migrate"
  value       = [for subnet in aws_subnet.private : subnet.id]
}

output "security_group" {
  value = aws_security_group.tasks.id
}

output "bucket" {
  value = aws_s3_bucket.files.id
}
