#!/bin/bash

echo "🔍 Диагностика системы WWEB-MCP"
echo "================================"

# 1. Проверка Docker
echo "1️⃣ Docker статус:"
docker --version
docker compose version
docker ps --format "table {{.Names}}\t{{.Status}}\t{{.Ports}}"

# 2. Проверка Instance Manager
echo -e "\n2️⃣ Instance Manager:"
curl -s http://localhost:3000/health | jq . || echo "❌ Instance Manager недоступен"

# 3. Проверка базы данных
echo -e "\n3️⃣ База данных:"
docker exec wweb-mcp-instance-manager-1 psql $DATABASE_URL -c "SELECT COUNT(*) as instances FROM public.message_instances;" 2>/dev/null || echo "❌ База данных недоступна"

# 4. Проверка экземпляров
echo -e "\n4️⃣ Экземпляры:"
curl -s http://localhost:3000/api/v1/instances | jq '.instances | length' || echo "❌ Не удалось получить список экземпляров"

# 5. Проверка ресурсов
echo -e "\n5️⃣ Ресурсы системы:"
curl -s http://localhost:3000/api/v1/resources/performance | jq '.cpu_usage, .memory_usage' || echo "❌ Не удалось получить данные о ресурсах"

# 6. Проверка портов
echo -e "\n6️⃣ Использование портов:"
curl -s http://localhost:3000/api/v1/resources/ports | jq '.used_ports | length' || echo "❌ Не удалось получить данные о портах"

echo -e "\n✅ Диагностика завершена"
