resource "aws_ecs_cluster" "main" {
  name = var.name
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_cloudwatch_log_group" "main" {
  name              = "/liquor-agent/${var.name}"
  retention_in_days = 30
}

locals {
  # The same task definitions that CI registers (deploy/ecs), with this environment's values.
  definitions = {
    for role in ["api", "worker", "migrate"] : role => jsondecode(templatefile("${path.module}/../ecs/${role}.json", {
      name               = var.name
      image              = var.image
      region             = var.region
      bucket             = aws_s3_bucket.files.id
      redis_url          = "rediss://${aws_elasticache_replication_group.main.primary_endpoint_address}:6379"
      public_url         = "https://${var.domain}"
      otlp_endpoint      = var.otlp_endpoint
      secret_arn         = aws_secretsmanager_secret.main.arn
      log_group          = aws_cloudwatch_log_group.main.name
      execution_role_arn = aws_iam_role.execution.arn
      task_role_arn      = aws_iam_role.task.arn
    }))
  }
  counts = { api = var.api_count, worker = var.worker_count }
}

resource "aws_ecs_task_definition" "role" {
  for_each                 = local.definitions
  family                   = each.value.family
  network_mode             = each.value.networkMode
  requires_compatibilities = each.value.requiresCompatibilities
  cpu                      = each.value.cpu
  memory                   = each.value.memory
  execution_role_arn       = each.value.executionRoleArn
  task_role_arn            = each.value.taskRoleArn
  container_definitions    = jsonencode(each.value.containerDefinitions)
  runtime_platform {
    cpu_architecture        = each.value.runtimePlatform.cpuArchitecture
    operating_system_family = each.value.runtimePlatform.operatingSystemFamily
  }
  dynamic "volume" {
    for_each = each.value.volumes
    content {
      name = volume.value.name
    }
  }
}

resource "aws_ecs_service" "role" {
  for_each                           = local.counts
  name                               = each.key
  cluster                            = aws_ecs_cluster.main.id
  task_definition                    = aws_ecs_task_definition.role[each.key].arn
  launch_type                        = "FARGATE"
  desired_count                      = each.value.min
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  propagate_tags                     = "SERVICE"
  # A release whose tasks do not become healthy is taken back.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
  network_configuration {
    subnets         = [for subnet in aws_subnet.private : subnet.id]
    security_groups = [aws_security_group.tasks.id]
  }
  dynamic "load_balancer" {
    for_each = each.key == "api" ? [aws_lb_target_group.api.arn] : []
    content {
      target_group_arn = load_balancer.value
      container_name   = "api"
      container_port   = 8000
    }
  }
  # The autoscaler counts; CI brings newer definitions.
  lifecycle {
    ignore_changes = [desired_count, task_definition]
  }
  depends_on = [aws_lb_listener.https]
}

resource "aws_appautoscaling_target" "role" {
  for_each           = local.counts
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.role[each.key].name}"
  min_capacity       = each.value.min
  max_capacity       = each.value.max
}

resource "aws_appautoscaling_policy" "cpu" {
  for_each           = aws_appautoscaling_target.role
  name               = "cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = each.value.service_namespace
  scalable_dimension = each.value.scalable_dimension
  resource_id        = each.value.resource_id
  target_tracking_scaling_policy_configuration {
    target_value       = 60
    scale_in_cooldown  = 300
    scale_out_cooldown = 60
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
