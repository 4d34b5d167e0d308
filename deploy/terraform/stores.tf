resource "random_password" "database" {
  length  = 40
  special = false
}

resource "random_password" "secret" {
  length  = 64
  special = false
}

resource "random_password" "metrics" {
  length  = 40
  special = false
}

resource "aws_kms_key" "main" {
  description         = "${var.name}: database, files, secrets"
  enable_key_rotation = true
}

resource "aws_db_subnet_group" "main" {
  name       = var.name
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]
}

resource "aws_db_parameter_group" "main" {
  name   = "${var.name}-pg17"
  family = "postgres17"
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  # A lock that nobody gives back must not stop the shop.
  parameter {
    name  = "idle_in_transaction_session_timeout"
    value = "600000"
  }
  parameter {
    name  = "log_min_duration_statement"
    value = "2000"
  }
}

resource "aws_db_instance" "main" {
  identifier                   = var.name
  engine                       = "postgres"
  engine_version               = "17"
  instance_class               = var.database_class
  allocated_storage            = var.database_storage_gb
  max_allocated_storage        = var.database_storage_gb * 5
  storage_type                 = "gp3"
  storage_encrypted            = true
  kms_key_id                   = aws_kms_key.main.arn
  db_name                      = "liquor_agent"
  username                     = "liquor_agent"
  password                     = random_password.database.result
  multi_az                     = true
  db_subnet_group_name         = aws_db_subnet_group.main.name
  vpc_security_group_ids       = [aws_security_group.stores.id]
  parameter_group_name         = aws_db_parameter_group.main.name
  # Point-in-time recovery: to any second of the last 14 days.
  backup_retention_period      = 14
  copy_tags_to_snapshot        = true
  deletion_protection          = true
  skip_final_snapshot          = false
  final_snapshot_identifier    = "${var.name}-last"
  performance_insights_enabled = true
  auto_minor_version_upgrade   = true
}

resource "aws_db_instance" "replica" {
  count                        = var.has_replica ? 1 : 0
  identifier                   = "${var.name}-replica"
  replicate_source_db          = aws_db_instance.main.identifier
  instance_class               = var.database_class
  storage_encrypted            = true
  vpc_security_group_ids       = [aws_security_group.stores.id]
  parameter_group_name         = aws_db_parameter_group.main.name
  performance_insights_enabled = true
  skip_final_snapshot          = true
}

resource "aws_elasticache_subnet_group" "main" {
  name       = var.name
  subnet_ids = [for subnet in aws_subnet.private : subnet.id]
}

resource "aws_elasticache_parameter_group" "main" {
  name   = "${var.name}-redis7"
  family = "redis7"
  # A queue must not lose single keys silently; when memory ends, PostgreSQL does the work meanwhile.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }
}

# One shard with a stand-by: Redis holds wake-ups and counts only, so it never has to be spread over several.
resource "aws_elasticache_replication_group" "main" {
  replication_group_id       = var.name
  description                = "${var.name}: wake-ups, live updates, request counts"
  engine                     = "redis"
  engine_version             = "7.1"
  node_type                  = var.redis_class
  num_cache_clusters         = 2
  automatic_failover_enabled = true
  multi_az_enabled           = true
  subnet_group_name          = aws_elasticache_subnet_group.main.name
  security_group_ids         = [aws_security_group.stores.id]
  parameter_group_name       = aws_elasticache_parameter_group.main.name
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
}

resource "aws_s3_bucket" "files" {
  bucket_prefix = "${var.name}-"
}

resource "aws_s3_bucket_public_access_block" "files" {
  bucket                  = aws_s3_bucket.files.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "files" {
  bucket = aws_s3_bucket.files.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.main.arn
    }
    bucket_key_enabled = true
  }
}

# A backup that was deleted by mistake, or by somebody else, can be brought back for a month.
resource "aws_s3_bucket_versioning" "files" {
  bucket = aws_s3_bucket.files.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "files" {
  bucket     = aws_s3_bucket.files.id
  depends_on = [aws_s3_bucket_versioning.files]
  rule {
    id     = "old-versions"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

resource "aws_secretsmanager_secret" "main" {
  name       = var.name
  kms_key_id = aws_kms_key.main.arn
}

locals {
  login = "liquor_agent:${random_password.database.result}"
}

resource "aws_secretsmanager_secret_version" "main" {
  secret_id = aws_secretsmanager_secret.main.id
  secret_string = jsonencode({
    DATABASE_URL         = "postgres://${local.login}@${aws_db_instance.main.endpoint}/liquor_agent?sslmode=no-verify"
    DATABASE_REPLICA_URL = var.has_replica ? "postgres://${local.login}@${aws_db_instance.replica[0].endpoint}/liquor_agent?sslmode=no-verify" : ""
    LMA_SECRET           = random_password.secret.result
    METRICS_TOKEN        = random_password.metrics.result
  })
}
