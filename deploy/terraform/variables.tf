variable "name" {
  description = "Name of the environment; begins the name of every resource, such as liquor-agent-staging"
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,28}$", var.name))
    error_message = "Use 3 to 29 small letters, digits and dashes."
  }
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "image" {
  description = "Image to run, with its digest: 123456789012.dkr.ecr.us-east-1.amazonaws.com/liquor-agent@sha256:..."
  type        = string
}

variable "domain" {
  description = "Host name of the shop, such as shop.example.com"
  type        = string
}

variable "zone_id" {
  description = "Route 53 zone of the domain"
  type        = string
}

variable "database_class" {
  type    = string
  default = "db.m7g.large"
}

variable "database_storage_gb" {
  description = "docs/scale.md: 48 GB a year for a million customers"
  type        = number
  default     = 200
}

variable "has_replica" {
  description = "A read replica for reports (DATABASE_REPLICA_URL)"
  type        = bool
  default     = true
}

variable "redis_class" {
  type    = string
  default = "cache.m7g.large"
}

variable "api_count" {
  description = "Least and most API tasks"
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 8 }
}

variable "worker_count" {
  description = "Least and most worker tasks"
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 6 }
}

variable "otlp_endpoint" {
  description = "OTLP/HTTP collector for traces; empty: no traces"
  type        = string
  default     = ""
}

variable "alarm_email" {
  description = "Who hears of alarms"
  type        = string
}
